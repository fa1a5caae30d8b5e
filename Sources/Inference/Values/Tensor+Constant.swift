internal import ByteFiles
internal import ONNXGraph
internal import Synchronization
internal import TensorStreams

/// Reads tensors of models into memory.
struct ConstantLoader: Sendable {
  let file: ReadableFile
  let external: ExternalFiles
  let strings: StringPool
  let budget: RunBudget
  /// Whether only shapes matter: large weights are then not read, and are zeros.
  let shapesOnly: Bool
  var supplier: (any TensorReading)?
  private let counted = WeightBytes()

  /// Floating-point tensors of up to this many elements are read even if only shapes matter: they may be factors of a
  /// Resize.
  private static let smallLimit = 4096

  init(
    file: ReadableFile, external: ExternalFiles, strings: StringPool, budget: RunBudget,
    shapesOnly: Bool = false
  ) {
    self.shapesOnly = shapesOnly
    self.file = file
    self.external = external
    self.strings = strings
    self.budget = budget
  }

  /// Bytes read for elements so far.
  var byteCountRead: Int { counted.bytes.load(ordering: .relaxed) }

  private var totalRead: Int { external.all.reduce(file.byteCountRead) { $0 + $1.byteCountRead } }

  /// The elements of `constant`, unpacked.
  ///
  /// - Parameter keepsPacked: whether integers of fewer than eight bits stay packed (`Tensor.stored`).
  func tensor(_ constant: TensorConstant, keepsPacked: Bool = false) throws(InferenceError) -> Tensor {
    let place = "tensor \(quoted(constant.name))"
    do throws(OperatorError) {
      if shapesOnly, constant.type.isFloatingPoint, constant.elementCount > Self.smallLimit {
        if case .supplied = constant.payload {
          return try Tensor(zerosOf: constant.type, constant.shape, budget)
        }
        do { _ = try ConstantReader(constant, file: file, external: external) } catch {
          throw OperatorError(inner: .graph(error))
        }
        return try Tensor(zerosOf: constant.type, constant.shape, budget)
      }
      if keepsPacked, !shapesOnly, constant.elementCount >= StoredElements.least {
        let bytes = try Tensor(.uint8, [constant.byteCount], budget)
        if let packed = StoredElements(packed: bytes, constant.type), constant.type != .uint8 {
          try read(
            constant, into: UnsafeMutableRawBufferPointer(start: bytes.storage.base, count: bytes.count))
          return try Tensor(packed, constant.type, constant.shape, budget)
        }
      }
      let tensor = try Tensor(constant.type, constant.shape, budget)
      if constant.type == .string {
        try fillTexts(tensor, from: constant)
      } else {
        try fill(tensor, from: constant)
      }
      return tensor
    } catch { throw error.placed(place, path: file.path) }
  }

  private func fillTexts(_ tensor: Tensor, from constant: TensorConstant) throws(OperatorError) {
    let before = totalRead
    defer { counted.bytes.add(totalRead - before, ordering: .relaxed) }
    let texts: [String]
    do { texts = try constant.strings(file) } catch { throw OperatorError(inner: .graph(error)) }
    let values = tensor.values(Int64.self)
    for (index, text) in texts.enumerated() { values[index] = try strings.number(of: text) }
  }

  /// Reads the bytes as they are stored.
  private func read(
    _ constant: TensorConstant, into bytes: UnsafeMutableRawBufferPointer
  ) throws(OperatorError) {
    let before = totalRead
    defer { counted.bytes.add(totalRead - before, ordering: .relaxed) }
    if case .supplied(let number) = constant.payload, let supplier {
      do { try supplier.read(number, into: bytes) } catch {
        throw OperatorError(inner: .source(SourceFailure(error)))
      }
    } else {
      do { try ConstantReader(constant, file: file, external: external).read(into: bytes) } catch {
        throw OperatorError(inner: .graph(error))
      }
    }
  }

  private func fill(_ tensor: Tensor, from constant: TensorConstant) throws(OperatorError) {
    let bits = constant.type.bits ?? 8
    let bytes = UnsafeMutableRawBufferPointer(start: tensor.storage.base, count: constant.byteCount)
    try read(constant, into: bytes)
    // From the last element to the first, because each element's byte is never before its packed bits.
    if bits < 8 {
      let values = tensor.values(UInt8.self)
      for index in stride(from: constant.elementCount - 1, through: 0, by: -1) {
        values[index] = PackedBits.element(
          index, bits: bits, type: constant.type, in: UnsafeRawBufferPointer(bytes))
      }
    }
  }

  /// A sparse tensor converted to a dense one with zeros.
  func tensor(_ sparse: SparseConstant) throws(InferenceError) -> Tensor {
    let place = "sparse tensor \(quoted(sparse.values.name))"
    let values = try tensor(sparse.values)
    let indices = try tensor(sparse.indices)
    do throws(OperatorError) {
      let dense = try Tensor(values.type, sparse.shape, budget)
      let width = values.type.width
      dense.values(UInt8.self).update(repeating: 0)
      let rank = sparse.shape.count
      let isLinear = indices.rank == 1
      guard isLinear ? indices.count == values.count : indices.shape == [values.count, rank] else {
        throw OperatorError("one index for each value", found: shapeText(indices.shape))
      }
      let numbers = indices.values(Int64.self)
      for value in 0..<values.count {
        var position = isLinear ? Int(numbers[value]) : 0
        if !isLinear {
          for axis in 0..<rank {
            let index = Int(numbers[value * rank + axis])
            guard index >= 0, index < sparse.shape[axis] else {
              throw OperatorError("indices within \(shapeText(sparse.shape))", found: "\(index)")
            }
            position = position * sparse.shape[axis] + index
          }
        }
        guard position >= 0, position < dense.count else {
          throw OperatorError("indices below \(dense.count)", found: "\(position)")
        }
        for byte in 0..<width {
          dense.values(UInt8.self)[position * width + byte] = values.values(UInt8.self)[value * width + byte]
        }
      }
      return dense
    } catch { throw error.placed(place, path: file.path) }
  }
}

/// The number of bytes of weights that have been read.
private final class WeightBytes: Sendable {
  let bytes = Atomic(0)
}

/// Elements of fewer than eight bits: in files they are packed, low bits first; in memory each takes one byte.
enum PackedBits {
  /// The element at `index` of packed `bytes`; signed integers are extended to eight bits.
  static func element(
    _ index: Int, bits: Int, type: ElementType, in bytes: UnsafeRawBufferPointer
  ) -> UInt8 {
    let first = index * bits
    var word = UInt16(bytes[first / 8])
    if first / 8 + 1 < bytes.count { word |= UInt16(bytes[first / 8 + 1]) << 8 }
    let value = UInt8(truncatingIfNeeded: word >> UInt16(first % 8)) & (1 << UInt8(bits) - 1)
    let isSigned = type == .int4 || type == .int2
    let sign = UInt8(1) << UInt8(bits - 1)
    return isSigned && value & sign != 0 ? value | ~(1 << UInt8(bits) - 1) : value
  }
}
