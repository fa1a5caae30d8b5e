/// Every value of a floating-point type of at most eight bits, by the OCP and the FNUZ definitions.
///
/// OCP 8-bit Floating Point Specification 1.0 (E4M3, E5M2), OCP Microscaling Formats 1.0 (E8M0, E2M3, E3M2, E2M1);
/// FNUZ: Noune, Jones, Justus, Masters, Luschi, *8-bit Numerical Formats for Deep Neural Networks*, 2022.
package struct SmallFloat: Sendable {
  /// The number that each bit pattern means.
  package let values: [Double]
  /// The place of each bit pattern in the order of all: both zeros at 0, NaNs after the largest number.
  package let places: [Int64]

  private enum Specials { case infinityAndNaN, oneNaN, negativeZeroIsNaN, none }

  /// Returns nil for a larger dtype, or one that is not floating point.
  package init?(_ dtype: DType) {
    switch dtype {
    case .f8E4M3: self.init(exponent: 4, fraction: 3, bias: 7, .oneNaN)
    case .f8E5M2: self.init(exponent: 5, fraction: 2, bias: 15, .infinityAndNaN)
    case .f8E4M3FNUZ: self.init(exponent: 4, fraction: 3, bias: 8, .negativeZeroIsNaN)
    case .f8E5M2FNUZ: self.init(exponent: 5, fraction: 2, bias: 16, .negativeZeroIsNaN)
    case .f6E2M3: self.init(exponent: 2, fraction: 3, bias: 1, .none)
    case .f6E3M2: self.init(exponent: 3, fraction: 2, bias: 3, .none)
    case .f4: self.init(exponent: 2, fraction: 1, bias: 1, .none)
    case .f8E8M0:
      // Powers of two from 2^−127 on, without sign and zero; the last pattern is the NaN.
      self.init(
        values: (0...255).map {
          $0 == 255 ? .nan : Double(sign: .plus, exponent: $0 - 127, significand: 1)
        },
        places: (0...255).map(Int64.init))
    default: return nil
    }
  }

  private init(values: [Double], places: [Int64]) {
    self.values = values
    self.places = places
  }

  private init(exponent exponentBits: Int, fraction fractionBits: Int, bias: Int, _ specials: Specials) {
    let sign = 1 << (exponentBits + fractionBits)
    let lastExponent = (1 << exponentBits) - 1
    var values: [Double] = []
    var places: [Int64] = []
    for pattern in 0..<2 * sign {
      let magnitude = pattern % sign
      let (exponent, fraction) = (magnitude >> fractionBits, magnitude % (1 << fractionBits))
      let significand = Double(fraction + (exponent == 0 ? 0 : 1 << fractionBits))
      var value =
        significand * Double(sign: .plus, exponent: max(exponent, 1) - bias - fractionBits, significand: 1)
      var place = pattern < sign ? magnitude : -magnitude
      switch specials {
      case .infinityAndNaN: if exponent == lastExponent { value = fraction == 0 ? .infinity : .nan }
      case .oneNaN: if magnitude == sign - 1 { value = .nan }
      case .negativeZeroIsNaN:
        if pattern == sign {
          value = .nan
          place = sign
        }
      case .none: break
      }
      values.append(pattern < sign ? value : -value)
      places.append(Int64(place))
    }
    self.init(values: values, places: places)
  }
}
