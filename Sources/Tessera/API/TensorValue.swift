internal import TensorStreams
internal import Tensors

/// A tensor in memory: an input or an output of a network.
public struct TensorValue: Sendable, Hashable {
  /// The element type.
  public let dtype: DType
  /// The dimensions, outermost first.
  public let shape: [Int]
  /// The elements in C order, little-endian.
  public let bytes: [UInt8]

  let spec: TensorSpec

  /// A tensor from raw bytes; their number must match shape and dtype.
  public init(dtype: DType, shape: [Int], bytes: [UInt8]) throws(TesseraError) {
    guard let type = Tensors.DType(rawValue: dtype.rawValue) else {
      throw TesseraError(.request, "dtype: expected one that tensors have, found \(dtype.rawValue)")
    }
    spec = try TesseraError.wrapping { try TensorSpec(name: "value", dtype: type, shape: shape) }
    guard spec.byteCount == bytes.count else {
      throw TesseraError(
        .request,
        "value: expected \(spec.byteCount.grouped) bytes for \(dtype) \(shape), found \(bytes.count.grouped)")
    }
    self.dtype = dtype
    self.shape = shape
    self.bytes = bytes
  }

  /// A tensor from Swift values in C order; their number must match the shape.
  public init<Element: TensorElement>(_ elements: [Element], shape: [Int]) throws(TesseraError) {
    guard let dtype = Element.dtypes.first.flatMap(DType.init(rawValue:)) else {
      throw TesseraError(.request, "value: expected elements of a dtype, found \(Element.self)")
    }
    try self.init(dtype: dtype, shape: shape, bytes: elements.withUnsafeBytes { Array($0) })
  }

  /// The elements, as `Element`. Throws for a tensor of another dtype.
  public func elements<Element: TensorElement>(as type: Element.Type) throws(TesseraError) -> [Element] {
    guard Element.dtypes.contains(dtype.rawValue) else {
      throw TesseraError(
        .request,
        "value: expected \(Element.dtypes.joined(separator: " or ")) to read as \(Element.self), found \(dtype)"
      )
    }
    return bytes.withUnsafeBytes { bytes in
      (0..<spec.elementCount).map {
        bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.size, as: Element.self)
      }
    }
  }
}

/// Values in memory as a source of tensors.
struct ValueSource: TensorSource {
  let path: String
  let tensors: [SourceTensor]
  private let values: [TensorValue]

  /// - Parameter path: the source's name in messages.
  init(_ values: [String: TensorValue], path: String) throws {
    self.path = path
    let ordered = values.sorted { $0.key < $1.key }
    self.values = ordered.map(\.value)
    tensors = try ordered.map { name, value in
      SourceTensor(
        spec: try TensorSpec(name: TensorName(name), dtype: value.spec.dtype, shape: value.shape),
        tiedTo: nil)
    }
  }

  func reader(of number: Int) throws -> any TensorByteReader {
    guard values.indices.contains(number) else {
      throw TensorStreamError.unknown(path: path, number: number)
    }
    return MemoryReader(values[number].bytes)
  }
}
