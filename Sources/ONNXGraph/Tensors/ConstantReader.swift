package import ByteFiles
internal import Tensors

/// Reads the elements of a model's tensor as packed little-endian bytes, from the first to the last.
///
/// Only one thread may read at a time. Memory does not depend on the tensor's size.
package final class ConstantReader {
  private let constant: TensorConstant
  private let path: String
  private var position = 0
  private let source: Source

  private enum Source {
    case file(ReadableFile, start: Int)
    case typed(TypedElements)
    case held([UInt8])
  }

  /// A reader of `constant`, a tensor of the model in `file`. The elements are in this file or in `external`.
  package init(
    _ constant: TensorConstant, file: ReadableFile, external: ExternalFiles
  ) throws(GraphError) {
    self.constant = constant
    path = file.path
    switch constant.payload {
    case .held(let bytes): source = .held(bytes)
    case .raw(let range): source = .file(file, start: range.lowerBound)
    case .external(let data):
      let (file, range) = try external.range(of: data, byteCount: constant.byteCount, tensor: constant.name)
      source = .file(file, start: range.lowerBound)
    case .supplied:
      throw .refused(
        .data, path: file.path, place: "tensor \(quoted(constant.name))",
        expected: "its elements in the file",
        found: "none")
    case .typed(let field):
      source = .typed(
        TypedElements(constant, field: field, wire: WireFile(file, end: constant.message.upperBound)))
    }
  }

  /// Fills all of `buffer` with the next bytes. The read of the last byte also checks that no elements follow.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(GraphError) {
    guard buffer.count <= constant.byteCount - position else {
      throw .refused(
        .data, path: path, place: "tensor \(quoted(constant.name))",
        expected: "a read of at most \((constant.byteCount - position).grouped) bytes",
        found: "\(buffer.count.grouped)"
      )
    }
    switch source {
    case .file(let file, let start):
      try asGraph { () throws(FileError) in try file.read(at: start + position, into: buffer) }
    case .held(let bytes):
      // The check above limits this range; the elements have exactly these bytes.
      buffer.copyBytes(from: bytes.dropFirst(position).prefix(buffer.count))
    case .typed(let elements):
      for index in buffer.indices { buffer[index] = try elements.nextByte() }
      if position + buffer.count == constant.byteCount { try elements.requireEnd() }
    }
    position += buffer.count
  }
}

/// The elements of a typed field, read by walking the tensor's message.
private final class TypedElements {
  private let wire: WireFile
  private let name: String
  private let type: ElementType
  private let field: Int
  private let byteCount: Int
  private let elementCount: Int
  private var message: WireReader
  private var packed: WireReader?
  /// Bits that were read but not yet returned.
  private var bits: UInt64 = 0
  private var bitCount = 0
  private var taken = 0

  init(_ constant: TensorConstant, field: Int, wire: WireFile) {
    self.wire = wire
    name = constant.name
    type = constant.type
    self.field = field
    byteCount = constant.byteCount
    elementCount = constant.elementCount
    message = WireReader(wire, constant.message)
  }

  /// The number of entries in the field. There is one entry for each element, but one for each byte of packed small
  /// elements, and two for each complex number.
  private var entryCount: Int {
    switch type {
    case .uint4, .int4, .uint2, .int2, .float4E2M1: byteCount
    case .complex64, .complex128: 2 * elementCount
    default: elementCount
    }
  }

  /// The number of bits that an entry adds to the packed bytes.
  private var entryBits: Int {
    switch type {
    case .uint4, .int4, .uint2, .int2, .float4E2M1: 8
    case .complex64: 32
    case .complex128: 64
    default: type.bits ?? 0
    }
  }

  func nextByte() throws(GraphError) -> UInt8 {
    if bitCount < 8 {
      if entryBits >= 8 || taken == entryCount {
        if taken < entryCount { bits = try entry() }
        bitCount = max(8, entryBits)
      } else {
        // Elements of fewer than eight bits are packed, low bits first.
        while bitCount < 8, taken < entryCount {
          bits |= (try entry() & ((1 << UInt64(entryBits)) - 1)) << UInt64(bitCount)
          bitCount += entryBits
        }
        bitCount = max(8, bitCount)
      }
    }
    let byte = UInt8(truncatingIfNeeded: bits)
    bits >>= 8
    bitCount -= 8
    return byte
  }

  func requireEnd() throws(GraphError) {
    guard try raw() == nil else { throw refusal("\(entryCount) elements", "more") }
  }

  private func entry() throws(GraphError) -> UInt64 {
    guard let value = try raw() else { throw refusal("\(entryCount) elements", "\(taken)") }
    taken += 1
    return value
  }

  private func raw() throws(GraphError) -> UInt64? {
    while true {
      if packed != nil {
        if let value = try packedValue() { return value }
        packed = nil
      }
      guard let next = try message.next() else { return nil }
      guard next.number == field else { continue }
      switch next.value {
      case .varint(let value): return value
      case .fixed32(let value): return UInt64(value)
      case .fixed64(let value): return value
      case .bytes(let range): packed = WireReader(wire, range)
      }
    }
  }

  private func packedValue() throws(GraphError) -> UInt64? {
    switch field {
    case 4: try packed?.nextFixed(4) ?? nil
    case 10: try packed?.nextFixed(8) ?? nil
    default: try packed?.nextVarint() ?? nil
    }
  }

  private func refusal(_ expected: String, _ found: String) -> GraphError {
    wire.refusal(.data, "tensor \(quoted(name))", expected, found)
  }
}

extension TensorConstant {
  /// The texts of a `STRING` tensor, in order.
  package func strings(_ file: ReadableFile) throws(GraphError) -> [String] {
    let wire = WireFile(file)
    var reader = WireReader(wire, message)
    var strings: [String] = []
    let place = "tensor \(quoted(name))"
    while let field = try reader.next() {
      guard field.number == 6, case .bytes(let range) = field.value else { continue }
      guard strings.count < elementCount, range.count <= MessageDecoder.textLimit else {
        throw wire.refusal(.data, place, "\(elementCount) short texts", "more, or a longer one")
      }
      // Some files have text that is not UTF-8; invalid bytes become replacement characters.
      strings.append(String(decoding: try wire.bytes(range), as: UTF8.self))
    }
    guard strings.count == elementCount else {
      throw wire.refusal(.data, place, "\(elementCount) texts", "\(strings.count)")
    }
    return strings
  }

  /// The only tensor in a file with a `TensorProto`, the form in which ONNX stores its own test data.
  package init(message file: ReadableFile) throws(GraphError) {
    let decoder = MessageDecoder(wire: WireFile(file), place: "tensor")
    self = try TensorDecoder(decoder: decoder, counter: ItemCounter()).tensor(0..<file.size)
  }
}
