/// The meaning of a dtype's bits, for element types of at least 16 bits and for integers.
protocol ElementCode {
  associatedtype Bits: FixedWidthInteger & UnsignedInteger
  static func distance(_ a: Bits, _ b: Bits) -> ElementDistance
}

/// A binary floating-point type with a sign in the highest bit.
protocol SignedFloatCode: ElementCode {
  /// The exact value of a bit pattern.
  static func value(_ bits: Bits) -> Double
}

extension SignedFloatCode {
  static func distance(_ a: Bits, _ b: Bits) -> ElementDistance {
    ElementDistance(value(a), value(b), places: place(a), place(b))
  }

  /// The place of a pattern in the order of all bit patterns: negative numbers below zero, both zeros at 0, NaNs beyond
  /// the infinities.
  private static func place(_ bits: Bits) -> Int64 {
    let sign = Bits(1) << (Bits.bitWidth - 1)
    let magnitude = Int64(truncatingIfNeeded: bits & ~sign)
    return bits & sign == 0 ? magnitude : -magnitude
  }
}

enum F64Code: SignedFloatCode {
  typealias Bits = UInt64
  static func value(_ bits: UInt64) -> Double { Double(bitPattern: bits) }
}

enum F32Code: SignedFloatCode {
  typealias Bits = UInt32
  static func value(_ bits: UInt32) -> Double { Double(Float(bitPattern: bits)) }
}

enum BF16Code: SignedFloatCode {
  typealias Bits = UInt16
  static func value(_ bits: UInt16) -> Double { Double(Float(bitPattern: UInt32(bits) << 16)) }
}

enum F16Code: SignedFloatCode {
  typealias Bits = UInt16
  static func value(_ bits: UInt16) -> Double {
    let exponent = Int(bits >> 10) & 31
    let fraction = UInt64(bits & 0x3FF)
    let sign = bits >> 15 == 0 ? 1.0 : -1.0
    switch exponent {
    case 0: return sign * Double(fraction) * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * Double(bitPattern: UInt64(exponent + 1023 - 15) << 52 | fraction << 42)
    }
  }
}

/// Unsigned integers; BOOL is one, because a file may have other bytes than 0 and 1.
enum UnsignedCode<Bits: FixedWidthInteger & UnsignedInteger>: ElementCode {
  static func distance(_ a: Bits, _ b: Bits) -> ElementDistance {
    ElementDistance(whole: UInt64(a > b ? a - b : b - a), reference: UInt64(b))
  }
}

/// Integers in two's complement.
enum SignedCode<Bits: FixedWidthInteger & UnsignedInteger>: ElementCode {
  static func distance(_ a: Bits, _ b: Bits) -> ElementDistance {
    // With the sign bit inverted, the order of the patterns is that of the numbers.
    let sign = Bits(1) << (Bits.bitWidth - 1)
    let (one, other) = (a ^ sign, b ^ sign)
    return ElementDistance(
      whole: UInt64(one > other ? one - other : other - one), reference: UInt64(b & sign == 0 ? b : ~b &+ 1))
  }
}
