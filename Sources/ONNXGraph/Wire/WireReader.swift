package import ByteFiles
internal import Tensors

/// Reads one file through a window. A walk over its messages skips weights and reads small fields in blocks.
///
/// Not `Sendable`: only one thread may walk at a time.
package final class WireFile {
  /// The file that is read.
  package let file: ReadableFile
  /// No read goes beyond this position.
  private let end: Int
  private var window: [UInt8] = []
  private var windowStart = 0
  /// The names with characters beyond ASCII.
  private var names: Set<String> = []

  /// Bytes of a window: larger than most nodes, smaller than most weights that are skipped.
  private static let windowSize = 16 << 10

  /// Reads `file`, or its bytes before `end`.
  package init(_ file: ReadableFile, end: Int? = nil) {
    self.file = file
    self.end = min(end ?? file.size, file.size)
  }

  /// Whether no earlier name is another spelling of this one. Swift's strings are equal if they are canonically
  /// equivalent, but in ONNX names with different bytes are different names.
  func isUnambiguous(_ name: String) -> Bool {
    if name.utf8.allSatisfy({ $0 < 0x80 }) { return true }
    let (isNew, known) = names.insert(name)
    return isNew || known.utf8.elementsEqual(name.utf8)
  }

  /// The byte at `position`, which the caller has checked to be in the file.
  func byte(at position: Int) throws(GraphError) -> UInt8 {
    let offset = position - windowStart
    if offset >= 0, offset < window.count { return window[offset] }
    let count = min(Self.windowSize, end - position)
    window = try asGraph { () throws(FileError) in try file.bytes(at: position, count: max(0, count)) }
    windowStart = position
    guard let first = window.first else {
      throw refusal(.wire, "byte \(position)", "more bytes", "the end of the file")
    }
    return first
  }

  /// The bytes of `range`; the caller must limit its length.
  package func bytes(_ range: Range<Int>) throws(GraphError) -> [UInt8] {
    let offset = range.lowerBound - windowStart
    if offset >= 0, offset <= window.count, range.count <= window.count - offset {
      return Array(window[offset..<(offset + range.count)])
    }
    if range.count <= Self.windowSize / 4, !range.isEmpty {
      _ = try byte(at: range.lowerBound)
      let start = range.lowerBound - windowStart
      if range.count <= window.count - start { return Array(window[start..<(start + range.count)]) }
    }
    return try asGraph { () throws(FileError) in try file.bytes(at: range.lowerBound, count: range.count) }
  }

  /// The whole file as one message.
  package var message: WireReader { WireReader(self, 0..<file.size) }

  package func refusal(_ rule: ONNXRule, _ place: String, _ expected: String, _ found: String) -> GraphError {
    .refused(rule, path: file.path, place: place, expected: expected, found: found)
  }
}

/// One field of a message: its number, and its value or the range of its bytes.
package struct WireField {
  /// The value in its wire type.
  package enum Value {
    /// Wire type 0: a number of variable length.
    case varint(UInt64)
    /// Wire type 5: 32 bits.
    case fixed32(UInt32)
    /// Wire type 1: 64 bits.
    case fixed64(UInt64)
    /// Wire type 2: text, bytes, a message or packed numbers.
    case bytes(Range<Int>)
  }

  package let number: Int
  package let value: Value
  /// The range of key and value in the file.
  package let extent: Range<Int>
}

/// Walks the fields of one protobuf message (protobuf.dev/programming-guides/encoding).
///
/// Every position is checked against the message's end before it is used. Nothing is allocated for a field.
package struct WireReader {
  package let wire: WireFile
  /// The range of the message's fields in the file.
  package let range: Range<Int>
  private var position: Int

  /// The caller must have checked that `range` is inside the file.
  package init(_ wire: WireFile, _ range: Range<Int>) {
    self.wire = wire
    self.range = range
    position = range.lowerBound
  }

  /// The next field; nil at the message's end.
  package mutating func next() throws(GraphError) -> WireField? {
    if position == range.upperBound { return nil }
    let start = position
    let key = try varint()
    let number = key >> 3
    guard number >= 1, number < 1 << 29 else {
      throw refusal("byte \(start)", "the key of a field", "field number \(number)")
    }
    let value: WireField.Value
    switch key & 7 {
    case 0: value = .varint(try varint())
    case 1: value = .fixed64(try little(8))
    case 2:
      let count = try varint()
      guard count <= UInt64(range.upperBound - position) else {
        throw refusal(
          "byte \(start)",
          "field \(number) within the \((range.upperBound - position).grouped) bytes that are left",
          "\(count.grouped) bytes")
      }
      value = .bytes(position..<(position + Int(count)))
      position += Int(count)
    case 5: value = .fixed32(UInt32(truncatingIfNeeded: try little(4)))
    default:
      throw refusal("byte \(start)", "a wire type of 0, 1, 2 or 5", "\(key & 7) in field \(number)")
    }
    return WireField(number: Int(number), value: value, extent: start..<position)
  }

  /// The next number of a packed field, over whose range this reader goes; nil at its end.
  package mutating func nextVarint() throws(GraphError) -> UInt64? {
    position == range.upperBound ? nil : try varint()
  }

  /// The next number of `width` bytes of a packed field; nil at its end.
  package mutating func nextFixed(_ width: Int) throws(GraphError) -> UInt64? {
    position == range.upperBound ? nil : try little(width)
  }

  private mutating func varint() throws(GraphError) -> UInt64 {
    var value: UInt64 = 0
    let start = position
    for place in 0..<10 {
      guard position < range.upperBound else {
        throw refusal("byte \(start)", "a number that ends in its message", "the message's end")
      }
      let byte = try wire.byte(at: position)
      position += 1
      value |= UInt64(byte & 0x7F) << UInt64(7 * place)
      if byte < 0x80 {
        if place == 9, byte > 1 { break }
        return value
      }
    }
    throw refusal("byte \(start)", "a number of at most 64 bits", "a longer one")
  }

  private mutating func little(_ count: Int) throws(GraphError) -> UInt64 {
    guard count <= range.upperBound - position else {
      throw refusal("byte \(position)", "\(count) bytes of a number", "the message's end")
    }
    var value: UInt64 = 0
    for place in 0..<count { value |= UInt64(try wire.byte(at: position + place)) << UInt64(8 * place) }
    position += count
    return value
  }

  private func refusal(_ place: String, _ expected: String, _ found: String) -> GraphError {
    wire.refusal(.wire, place, expected, found)
  }
}
