/// How a floating-point type of at most eight bits divides its bits: the sign, if it has one, then exponent and
/// fraction.
///
/// Sources: OCP 8-bit Floating Point Specification 1.0 (E4M3, E5M2); OCP Microscaling Formats 1.0 (E8M0, E2M3, E3M2,
/// E2M1); FNUZ: Noune, Jones, Justus, Masters, Luschi, *8-bit Numerical Formats for Deep Neural Networks*, 2022.
public struct SmallFloatLayout: Hashable, Sendable {
  /// The patterns that are not a number of the usual form.
  enum Specials {
    /// The largest exponent means infinity (fraction 0) and NaN, as in IEEE 754.
    case infinityAndNaN
    /// The pattern of all ones is the NaN, with either sign.
    case oneNaN
    /// The pattern of −0 is the NaN.
    case negativeZeroIsNaN
    /// Every pattern is a number.
    case none
    /// E8M0: powers of two without sign and zero; the pattern of all ones is the NaN.
    case scale
  }

  let exponentBits: Int
  let fractionBits: Int
  let bias: Int
  let specials: Specials

  init(_ exponentBits: Int, _ fractionBits: Int, bias: Int, _ specials: Specials) {
    self.exponentBits = exponentBits
    self.fractionBits = fractionBits
    self.bias = bias
    self.specials = specials
  }

  /// Bits of one element.
  var bits: Int { exponentBits + fractionBits + (isSigned ? 1 : 0) }

  /// Whether the highest bit is a sign.
  package var isSigned: Bool { specials != .scale }
  /// Whether a pattern means 0.
  package var hasZero: Bool { specials != .scale }
  /// Whether another pattern means −0.
  package var hasNegativeZero: Bool { hasZero && specials != .negativeZeroIsNaN }
}
