/// A number of bytes. kB = 1000 bytes, MB = 1000 kB.
public struct ByteCount: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The number of bytes.
  public let value: Int
  /// A quantity of `value` bytes.
  public init(_ value: Int) { self.value = value }
  public static func < (a: Self, b: Self) -> Bool { a.value < b.value }

  /// "512 B", "1.5 kB", "90.9 MB": three digits, which are enough to compare two files.
  public var description: String {
    if value < 1000 { return "\(value) B" }
    var scaled = Double(value)
    var unit = ""
    for next in ["kB", "MB", "GB", "TB"] where scaled >= 999.5 || unit.isEmpty {
      scaled /= 1000
      unit = next
    }
    let tenths = (scaled * 10).rounded() / 10
    return scaled >= 99.95 ? "\(Int(scaled.rounded())) \(unit)" : "\(tenths) \(unit)"
  }
}

/// A number of parameters: elements of weights of any dtype.
public struct ParameterCount: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The number of elements.
  public let value: Int
  /// A quantity of `value` elements.
  public init(_ value: Int) { self.value = value }
  public static func < (a: Self, b: Self) -> Bool { a.value < b.value }

  /// With thousands separated: "7,345,152".
  public var description: String { value.grouped }
}

extension BinaryInteger {
  /// The number with thousands separated, as in messages: "7,345,152".
  package var grouped: String {
    var digits = ""
    for (place, digit) in "\(magnitude)".reversed().enumerated() {
      if place > 0 && place % 3 == 0 { digits.append(",") }
      digits.append(digit)
    }
    return (self < 0 ? "-" : "") + String(digits.reversed())
  }
}
