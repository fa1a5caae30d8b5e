/// Numbers of variable length in memory, seven bits in each byte, lowest first.
struct VarintFields {
  /// The place of a block in a file.
  struct Handle {
    let offset: Int
    let size: Int
  }

  private let bytes: ArraySlice<UInt8>
  private(set) var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  var isEmpty: Bool { position == bytes.endIndex }

  /// The next number; nil if it does not end in the bytes, or is 2⁶³ or more.
  mutating func size() -> Int? {
    var value: UInt64 = 0
    for place in 0..<9 {
      guard position < bytes.endIndex else { return nil }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7F) << UInt64(7 * place)
      if byte < 0x80 { return Int(value) }
    }
    return nil
  }

  /// The next bytes; nil if there are fewer.
  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, count <= bytes.endIndex - position else { return nil }
    defer { position += count }
    return bytes[position..<(position + count)]
  }

  mutating func handle() -> Handle? {
    guard let offset = size(), let size = size() else { return nil }
    return Handle(offset: offset, size: size)
  }
}
