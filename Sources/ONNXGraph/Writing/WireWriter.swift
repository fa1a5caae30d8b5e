/// Builds small protobuf messages in memory; weights are copied from file to file.
package struct WireWriter {
  /// The message so far.
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// Appends a field of wire type 0.
  package mutating func varint(_ number: Int, _ value: UInt64) {
    append(key: number, 0)
    appendVarint(value)
  }

  /// Appends a signed number as an `int64`.
  package mutating func int(_ number: Int, _ value: Int) {
    varint(number, UInt64(bitPattern: Int64(value)))
  }

  /// Appends a field of wire type 5.
  package mutating func float(_ number: Int, _ value: Float) {
    append(key: number, 5)
    append(little: UInt64(value.bitPattern), 4)
  }

  /// Appends a field of wire type 2: bytes, text or a message.
  package mutating func bytes(_ number: Int, _ value: [UInt8]) {
    header(number, count: value.count)
    bytes += value
  }

  /// Appends a field of text.
  package mutating func text(_ number: Int, _ value: String) { bytes(number, Array(value.utf8)) }

  /// Appends a message inside this one.
  package mutating func message(_ number: Int, _ build: (inout WireWriter) -> Void) {
    var inner = WireWriter()
    build(&inner)
    bytes(number, inner.bytes)
  }

  /// Appends numbers as one packed field.
  package mutating func packed(_ number: Int, _ values: [Int]) {
    var inner = WireWriter()
    for value in values { inner.appendVarint(UInt64(bitPattern: Int64(value))) }
    bytes(number, inner.bytes)
  }

  /// Appends key and length of a field of wire type 2; its bytes are written elsewhere.
  package mutating func header(_ number: Int, count: Int) {
    append(key: number, 2)
    appendVarint(UInt64(max(0, count)))
  }

  /// Appends complete fields.
  package mutating func append(_ fields: [UInt8]) { bytes += fields }

  private mutating func append(key number: Int, _ type: UInt64) {
    appendVarint(UInt64(max(0, number)) << 3 | type)
  }

  private mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  private mutating func append(little value: UInt64, _ count: Int) {
    for place in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * place))) }
  }
}
