internal import Tensors

/// Decodes fields of ONNX messages. It has typed values, the place for error messages, and counts that limit memory.
struct MessageDecoder {
  let wire: WireFile
  /// The place in error messages: `node 'conv1'`.
  var place: String
  /// The number of graphs or types that enclose this message.
  var depth = 0

  /// The deepest nesting of graphs; real models have two or three.
  static let depthLimit = 32
  /// The most bytes of a name; `doc_string` and other text are never read.
  static let textLimit = 64 << 10

  func refusal(_ rule: ONNXRule, _ expected: String, _ found: String) -> GraphError {
    wire.refusal(rule, place, expected, found)
  }

  /// The decoder for an inner part of the model.
  func within(_ place: String, deeper: Int = 0) throws(GraphError) -> MessageDecoder {
    guard depth + deeper <= Self.depthLimit else {
      throw refusal(.nesting, "at most \(Self.depthLimit) graphs or types within each other", "more")
    }
    return MessageDecoder(wire: wire, place: place, depth: depth + deeper)
  }

  /// Calls `body` for every field of the message at `range`.
  func forEachField(
    _ range: Range<Int>, _ body: (WireField) throws(GraphError) -> Void
  ) throws(GraphError) {
    var reader = WireReader(wire, range)
    while let field = try reader.next() { try body(field) }
  }

  func range(_ field: WireField) throws(GraphError) -> Range<Int> {
    guard case .bytes(let range) = field.value else { throw wrongType(field, "bytes") }
    return range
  }

  func int(_ field: WireField) throws(GraphError) -> Int64 {
    guard case .varint(let bits) = field.value else { throw wrongType(field, "a whole number") }
    return Int64(bitPattern: bits)
  }

  func float(_ field: WireField) throws(GraphError) -> Float {
    guard case .fixed32(let bits) = field.value else { throw wrongType(field, "a number of 32 bits") }
    return Float(bitPattern: bits)
  }

  /// The text of a field that is a name; documentation is never read.
  func text(_ field: WireField) throws(GraphError) -> String { try text(range(field)) }

  func text(_ range: Range<Int>) throws(GraphError) -> String {
    guard range.count <= Self.textLimit else {
      throw refusal(
        .text, "a name of at most \(Self.textLimit.grouped) bytes", "one of \(range.count.grouped)")
    }
    guard let text = String(validating: try wire.bytes(range), as: UTF8.self) else {
      throw refusal(.text, "a name in UTF-8", "bytes that are not UTF-8")
    }
    guard wire.isUnambiguous(text) else {
      throw refusal(
        .text, "names that differ when normalised",
        "\(TensorName(text).quoted) in two Unicode forms (composed and decomposed)")
    }
    return text
  }

  /// Appends the numbers of a repeated field, packed or one by one.
  func appendInts(_ field: WireField, to list: inout [Int64], _ counter: ItemCounter) throws(GraphError) {
    switch field.value {
    case .varint(let bits):
      try counter.add(1, self)
      list.append(Int64(bitPattern: bits))
    case .bytes(let range):
      var reader = WireReader(wire, range)
      while let bits = try reader.nextVarint() {
        try counter.add(1, self)
        list.append(Int64(bitPattern: bits))
      }
    default: throw wrongType(field, "whole numbers")
    }
  }

  /// Appends the binary32 numbers of a repeated field, packed or one by one.
  func appendFloats(_ field: WireField, to list: inout [Float], _ counter: ItemCounter) throws(GraphError) {
    switch field.value {
    case .fixed32(let bits):
      try counter.add(1, self)
      list.append(Float(bitPattern: bits))
    case .bytes(let range):
      guard range.count % 4 == 0 else { throw wrongType(field, "numbers of four bytes") }
      try counter.add(range.count / 4, self)
      let bytes = try wire.bytes(range)
      for start in stride(from: 0, to: bytes.count, by: 4) {
        let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
        list.append(Float(bitPattern: bits))
      }
    default: throw wrongType(field, "numbers of 32 bits")
    }
  }

  func wrongType(_ field: WireField, _ expected: String) -> GraphError {
    let found =
      switch field.value {
      case .varint: "a varint"
      case .fixed32: "four bytes"
      case .fixed64: "eight bytes"
      case .bytes(let range): "\(range.count.grouped) bytes"
      }
    return refusal(.fieldType, "\(expected) in field \(field.number)", found)
  }
}

/// Counts decoded items. An item takes at least two bytes of the file, and may take a hundred bytes of memory.
final class ItemCounter {
  private var count = 0
  static let limit = 2_000_000

  func add(_ number: Int, _ decoder: MessageDecoder) throws(GraphError) {
    count += number
    if count > Self.limit {
      throw decoder.refusal(.count, "at most \(Self.limit) nodes, names and numbers in a model", "more")
    }
  }
}

/// A name in quotes, safe for a terminal.
package func quoted(_ name: String) -> String { TensorName(name).quoted }

/// The same without quotes, for words such as operators, domains and dimensions.
package func plain(_ word: String) -> String { String(TensorName(word).quoted.dropFirst().dropLast()) }
