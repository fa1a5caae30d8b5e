/// The sum of numbers and the sum of their squares, without rounding.
struct ExactMoments: Equatable, Sendable {
  /// The power of two of which every number is a multiple: all are multiples of 2^`unit`.
  let unit: Int
  private var positive = Natural()
  private var negative = Natural()
  /// In multiples of 2^(2 · `unit`).
  private var squares = Natural()

  init(unit: Int) { self.unit = unit }

  /// Adds `sum` × 2^(`unit` + `shift`) to the sum, or subtracts it.
  mutating func add(sum: UInt128, shift: Int, isNegative: Bool) {
    if isNegative { negative.add(sum, shift: shift) } else { positive.add(sum, shift: shift) }
  }

  /// Adds `sum` × 2^(2 · `unit` + `shift`) to the squares.
  mutating func add(squares sum: UInt128, shift: Int) { squares.add(sum, shift: shift) }

  mutating func merge(_ other: ExactMoments) {
    positive = positive + other.positive
    negative = negative + other.negative
    squares = squares + other.squares
  }

  /// The sum ÷ `count`, rounded once.
  func mean(of count: Int) -> Double {
    let (magnitude, isNegative) = Natural.difference(positive, negative)
    guard let (significand, exponent) = magnitude.quotient(by: count, times: 1, power: unit) else { return 0 }
    let mean = Self.scaled(significand, by: exponent)
    return isNegative ? -mean : mean
  }

  /// The standard deviation of `count` numbers. `parts` has one element for real numbers and two for complex ones.
  ///
  /// n · Σx² − (Σx)² is exact. Its quotient by n² is rounded once, and so is the root, so the result differs from the
  /// exact one by at most one unit in the last place.
  static func deviation(_ parts: [ExactMoments], of count: Int) -> Double {
    guard let unit = parts.first?.unit else { return 0 }
    var scaled = Natural()
    var means = Natural()
    for part in parts {
      let sum = Natural.difference(part.positive, part.negative).magnitude
      scaled = scaled + part.squares * count
      means = means + sum * sum
    }
    // Never negative: the difference is the sum of the squares of all pairs' distances.
    let variance = Natural.difference(scaled, means).magnitude
    guard let (significand, exponent) = variance.quotient(by: count, times: 2, power: 2 * unit) else {
      return 0
    }
    // The exponent is halved outside the root, so that nothing overflows.
    let half = exponent >> 1
    return Self.scaled((exponent & 1 == 0 ? significand : 2 * significand).squareRoot(), by: half)
  }

  private static func scaled(_ significand: Double, by exponent: Int) -> Double {
    // In two steps, because no factor is smaller than 2^−1074.
    exponent >= -1000
      ? significand * Double(sign: .plus, exponent: exponent, significand: 1)
      : significand * 0x1p-1000 * Double(sign: .plus, exponent: exponent + 1000, significand: 1)
  }
}
