/// The two ways in which protocol 0 writes text on a line.
enum PickleEscapes {
  /// The bytes of a Python 2 string literal without its quotes; nil for an escape that Python does not write.
  static func bytes(_ literal: [UInt8]) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(literal.count)
    var rest = literal[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        result.append(byte)
        continue
      }
      guard let code = rest.popFirst() else { return nil }
      switch code {
      case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): result.append(code)
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "a"): result.append(0x07)
      case UInt8(ascii: "b"): result.append(0x08)
      case UInt8(ascii: "f"): result.append(0x0C)
      case UInt8(ascii: "v"): result.append(0x0B)
      case UInt8(ascii: "0")...UInt8(ascii: "7"):
        var value = Int(code - 0x30)
        for _ in 0..<2 {
          guard let next = rest.first, (0x30...0x37).contains(next) else { break }
          value = value * 8 + Int(next - 0x30)
          rest.removeFirst()
        }
        result.append(UInt8(truncatingIfNeeded: value))
      case UInt8(ascii: "x"):
        guard let value = hex(&rest, 2) else { return nil }
        result.append(UInt8(truncatingIfNeeded: value))
      default: return nil
      }
    }
    return result
  }

  /// Text in Latin-1 with `\uXXXX` and `\UXXXXXXXX`; nil for escapes that are not characters.
  static func text(_ line: [UInt8]) -> String? {
    var units: [UInt16] = []
    var rest = line[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\"), let code = rest.first,
        code == UInt8(ascii: "u") || code == UInt8(ascii: "U")
      else {
        units.append(UInt16(byte))
        continue
      }
      rest.removeFirst()
      guard let value = hex(&rest, code == UInt8(ascii: "u") ? 4 : 8) else { return nil }
      if value <= 0xFFFF {
        units.append(UInt16(truncatingIfNeeded: value))
      } else if let scalar = Unicode.Scalar(value) {
        units += Array(String(scalar).utf16)
      } else {
        return nil
      }
    }
    return String(validating: units, as: UTF16.self)
  }

  private static func hex(_ rest: inout ArraySlice<UInt8>, _ count: Int) -> UInt32? {
    guard rest.count >= count else { return nil }
    let digits = String(decoding: rest.prefix(count), as: UTF8.self)
    guard digits.utf8.allSatisfy({ $0 != 0x2B && $0 != 0x2D }), let value = UInt32(digits, radix: 16) else {
      return nil
    }
    rest.removeFirst(count)
    return value
  }
}
