internal import HDF5Kit

/// Visits the members of a row to describe, write or read them. So a row lists its members only once.
protocol RowCoder {
  mutating func number(_ name: String, _ value: inout UInt32)
  mutating func number(_ name: String, _ value: inout Int32)
  mutating func number(_ name: String, _ value: inout UInt64)
  /// ASCII, padded with NUL.
  mutating func text(_ name: String, _ value: inout String, length: Int)
  mutating func bytes(_ name: String, _ value: inout [UInt8], count: Int)
}

extension RowCoder {
  mutating func rows(_ first: String, _ count: String, _ value: inout RowRange) {
    number(first, &value.first)
    number(count, &value.count)
  }
}

/// An element of a table: a row with members, or a number.
protocol TableElement {
  /// The HDF5 type.
  static var elementType: HDF5ElementType { get }
  func encode(into writer: inout ByteWriter)
  /// Reads one element; the cursor's bytes are a whole number of elements.
  init(from cursor: inout TableCursor)
}

extension TableElement {
  /// Bytes of one element.
  static var size: Int { elementType.size }
}

extension UInt8: TableElement {
  static var elementType: HDF5ElementType { .u8 }
  func encode(into writer: inout ByteWriter) { writer.append([self]) }
  init(from cursor: inout TableCursor) { self = cursor.bytes(1)[0] }
}

extension UInt32: TableElement {
  static var elementType: HDF5ElementType { .u32 }
  func encode(into writer: inout ByteWriter) { writer.append(self) }
  init(from cursor: inout TableCursor) { self = cursor.u32() }
}

extension UInt64: TableElement {
  static var elementType: HDF5ElementType { .u64 }
  func encode(into writer: inout ByteWriter) { writer.append(self) }
  init(from cursor: inout TableCursor) { self = cursor.word() }
}

extension IndexRow {
  static var elementType: HDF5ElementType {
    var types = RowTypes()
    var row = Self()
    row.members(&types)
    return .compound(types.members)
  }

  func encode(into writer: inout ByteWriter) {
    var row = self
    row.members(&writer)
  }

  init(from cursor: inout TableCursor) {
    self.init()
    members(&cursor)
  }
}

/// Describes the members of a row.
private struct RowTypes: RowCoder {
  var members: [HDF5ElementType.Member] = []

  mutating func number(_ name: String, _: inout UInt32) { members.append(.init(name, .u32)) }
  mutating func number(_ name: String, _: inout Int32) { members.append(.init(name, .i32)) }
  mutating func number(_ name: String, _: inout UInt64) { members.append(.init(name, .u64)) }
  mutating func text(_ name: String, _: inout String, length: Int) {
    members.append(.init(name, .string(length: length)))
  }
  mutating func bytes(_ name: String, _: inout [UInt8], count: Int) {
    members.append(.init(name, .array(.u8, [count])))
  }
}

extension ByteWriter: RowCoder {
  mutating func number(_: String, _ value: inout UInt32) { append(value) }
  mutating func number(_: String, _ value: inout Int32) { append(UInt32(bitPattern: value)) }
  mutating func number(_: String, _ value: inout UInt64) { append(value) }
  mutating func text(_: String, _ value: inout String, length: Int) {
    append(Array(value.utf8), padded: length)
  }
  mutating func bytes(_: String, _ value: inout [UInt8], count: Int) { append(value, padded: count) }
}

extension TableCursor: RowCoder {
  mutating func number(_: String, _ value: inout UInt32) { value = u32() }
  mutating func number(_: String, _ value: inout Int32) { value = Int32(bitPattern: u32()) }
  mutating func number(_: String, _ value: inout UInt64) { value = word() }
  mutating func text(_: String, _ value: inout String, length: Int) { value = text(length) }
  mutating func bytes(_: String, _ value: inout [UInt8], count: Int) { value = bytes(count) }
}
