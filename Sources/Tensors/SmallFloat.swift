/// Every value of a floating-point type of at most eight bits.
package struct SmallFloat: Sendable {
  /// The number that each bit pattern means.
  package let values: [Double]
  /// The place of each bit pattern in the order of all: both zeros at 0, NaNs after the largest number.
  package let places: [Int64]
  /// How the bits are divided.
  package let layout: SmallFloatLayout
  /// The first pattern with a sign; the number of patterns without a sign.
  private let sign: Int
  /// The pattern of the greatest finite number.
  private let greatest: Int

  /// Returns nil for a larger dtype, or one that is not floating point.
  package init?(_ dtype: DType) {
    guard case .smallFloat(let layout) = dtype.kind else { return nil }
    self.init(layout)
  }

  private init(_ layout: SmallFloatLayout) {
    let magnitudes = 1 << (layout.exponentBits + layout.fractionBits)
    let numbers = (0..<magnitudes).map { Self.magnitude($0, layout) }
    var values = numbers
    var places = (0..<magnitudes).map(Int64.init)
    if layout.isSigned {
      values += numbers.map { -$0 }
      places += places.map { -$0 }
    }
    if layout.specials == .negativeZeroIsNaN {
      (values[magnitudes], places[magnitudes]) = (.nan, Int64(magnitudes))
    }
    self.values = values
    self.places = places
    self.layout = layout
    sign = magnitudes
    greatest = numbers.lastIndex { $0.isFinite } ?? 0
  }

  /// The number that a pattern means, without its sign.
  private static func magnitude(_ pattern: Int, _ layout: SmallFloatLayout) -> Double {
    let (exponent, fraction) = (pattern >> layout.fractionBits, pattern % (1 << layout.fractionBits))
    let (isLast, isAllOnes) = (
      exponent == 1 << layout.exponentBits - 1,
      pattern == 1 << (layout.exponentBits + layout.fractionBits) - 1
    )
    switch layout.specials {
    case .infinityAndNaN where isLast: return fraction == 0 ? .infinity : .nan
    case .oneNaN where isAllOnes, .scale where isAllOnes: return .nan
    case .scale: return Double(sign: .plus, exponent: exponent - layout.bias, significand: 1)
    case .infinityAndNaN, .oneNaN, .negativeZeroIsNaN, .none:
      let significand = Double(fraction + (exponent == 0 ? 0 : 1 << layout.fractionBits))
      return significand
        * Double(
          sign: .plus, exponent: max(exponent, 1) - layout.bias - layout.fractionBits, significand: 1)
    }
  }

  /// The pattern of the nearest number, ties to even.
  ///
  /// - Parameter saturates: whether a number that is too large becomes the greatest one; else it becomes infinity, or
  ///   NaN if there is no infinity. Without both, it always becomes the greatest one.
  package func pattern(of number: Double, saturates: Bool) -> UInt8 {
    // A type without NaN has −0 instead.
    if number.isNaN { return UInt8(truncatingIfNeeded: nan ?? sign) }
    let magnitude = nearest(number.magnitude)
    let pattern =
      if magnitude <= greatest { magnitude } else if saturates { greatest } else { beyond }
    // The pattern of −0 may be the NaN, and the NaN may have no sign.
    let isUnsigned = layout.specials == .negativeZeroIsNaN && (pattern == 0 || pattern == sign)
    return UInt8(truncatingIfNeeded: number.sign == .minus && !isUnsigned ? sign + pattern : pattern)
  }

  /// The pattern of NaN; nil if there is none.
  private var nan: Int? {
    switch layout.specials {
    // The quiet NaN: infinity with the highest bit of the fraction.
    case .infinityAndNaN: greatest + 1 + 1 << (layout.fractionBits - 1)
    case .oneNaN, .scale: greatest + 1
    case .negativeZeroIsNaN: sign
    case .none: nil
    }
  }

  /// The pattern of a number beyond the greatest one: of infinity, or else of NaN, or else of the greatest one.
  private var beyond: Int { layout.specials == .infinityAndNaN ? greatest + 1 : nan ?? greatest }

  /// The pattern of the number nearest to a magnitude; greater than `greatest` if the next number would be nearest.
  private func nearest(_ magnitude: Double) -> Int {
    var (low, high) = (0, greatest + 1)
    // The last pattern whose number is at most the magnitude.
    while high - low > 1 {
      let middle = (low + high) / 2
      if values[middle] <= magnitude { low = middle } else { high = middle }
    }
    let next = low < greatest ? values[low + 1] : 2 * values[low] - values[low - 1]
    let (below, above) = (magnitude - values[low], next - magnitude)
    return above < below || above == below && low % 2 == 1 ? low + 1 : low
  }
}
