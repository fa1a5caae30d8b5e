internal import Tensors

/// The HDF5 link name of a tensor.
///
/// In HDF5, `/` separates links, `.` is the group itself, and NUL ends a C string. These, `%` and the control
/// characters are written as `%` and two hexadecimal digits. The empty name is written as `%` alone. All other bytes
/// are those of the name.
enum LinkName {
  /// The link name for a tensor name.
  static func escaped(_ name: TensorName) -> String {
    let bytes = name.text.utf8
    if bytes.isEmpty { return "%" }
    if name.text == "." { return "%2E" }
    if name.text == ".." { return "%2E%2E" }
    if !bytes.contains(where: needsEscape) { return name.text }
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count + 8)
    for byte in bytes {
      if needsEscape(byte) {
        result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      } else {
        result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The tensor name of a link. It decodes every `%` with two digits, also those that `escaped` does not write.
  static func unescaped(_ link: String) -> TensorName {
    if link == "%" { return "" }
    let bytes = Array(link.utf8)
    var result: [UInt8] = []
    var place = 0
    while place < bytes.count {
      if bytes[place] == UInt8(ascii: "%"), place + 2 < bytes.count,
        let value = UInt8(String(decoding: bytes[place + 1...place + 2], as: UTF8.self), radix: 16)
      {
        result.append(value)
        place += 3
      } else {
        result.append(bytes[place])
        place += 1
      }
    }
    return TensorName(String(decoding: result, as: UTF8.self))
  }

  private static func needsEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "%")
  }
}
