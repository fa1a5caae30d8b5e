/// msgpack put together from values, so that a test can write any value in any place.
indirect enum MsgpackValue {
  case null
  case boolean(Bool)
  case integer(Int)
  case text(String)
  case binary([UInt8])
  case map([(MsgpackValue, MsgpackValue)])
  case list([MsgpackValue])
  case extended(Int8, [UInt8])
  /// Bytes as they are.
  case raw([UInt8])

  /// An array of Flax; the numbers of the header may be wrong.
  static func array(_ shape: [Int], _ dtype: String, _ bytes: [UInt8], type: Int8 = 1) -> MsgpackValue {
    .extended(
      type, MsgpackValue.list([.list(shape.map { .integer($0) }), .text(dtype), .binary(bytes)]).bytes)
  }

  /// A map with keys that are texts.
  static func object(_ members: [(String, MsgpackValue)]) -> MsgpackValue {
    .map(members.map { (.text($0.0), $0.1) })
  }

  var bytes: [UInt8] {
    switch self {
    case .null: [0xC0]
    case .boolean(let value): [value ? 0xC3 : 0xC2]
    case .integer(let value):
      (0..<128).contains(value) ? [UInt8(value)] : [0xD3] + Self.big(UInt64(bitPattern: Int64(value)), 8)
    case .text(let text): [0xDB] + Self.big(UInt64(text.utf8.count), 4) + Array(text.utf8)
    case .binary(let bytes): [0xC6] + Self.big(UInt64(bytes.count), 4) + bytes
    case .map(let members):
      [0xDF] + Self.big(UInt64(members.count), 4) + members.flatMap { $0.0.bytes + $0.1.bytes }
    case .list(let members): [0xDC] + Self.big(UInt64(members.count), 2) + members.flatMap(\.bytes)
    case .extended(let type, let bytes):
      [0xC9] + Self.big(UInt64(bytes.count), 4) + [UInt8(bitPattern: type)] + bytes
    case .raw(let bytes): bytes
    }
  }

  private static func big(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - 1 - $0))) }
  }
}
