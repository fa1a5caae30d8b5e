/// What is known of the values of one tensor. Nothing in it depends on the number of threads, or on how the tensor was read.
package struct ValueStatistics: Equatable, Sendable {
  /// Elements of the tensor.
  package let elements: Int
  /// Elements equal to 0, −0.0 among them; of complex numbers those with two such parts.
  package let zeros: Int
  /// Elements that are NaN; of complex numbers those with such a part.
  package let nan: Int
  /// Infinite elements of either sign; of complex numbers those that have such a part and no NaN.
  package let infinite: Int
  /// The least of all numbers, −∞ among them and NaN not; nil where there is none, and for complex numbers.
  package let minimum: ElementValue?
  /// The greatest of all numbers, ∞ among them and NaN not; nil where there is none, and for complex numbers.
  package let maximum: ElementValue?
  /// The mean of the finite elements: the exact sum ÷ their number, rounded once. Two parts for complex numbers; empty
  /// where no element is finite.
  package let mean: [Double]
  /// The standard deviation of the finite elements around their mean (÷ n, as NumPy's `std`), at most one unit in the last
  /// place from the exact one; nil where no element is finite.
  package let deviation: Double?
  /// How many finite elements there are of each size, smallest first; zeros are in none. Empty for complex numbers.
  package let histogram: [MagnitudeBin]
}

/// Elements x with 2^exponent ≤ |x| < 2^(exponent + 1).
package struct MagnitudeBin: Equatable, Sendable {
  package let exponent: Int
  package var negative = 0
  package var positive = 0
}

/// A number as a tensor holds it.
package enum ElementValue: Equatable, Sendable {
  case whole(Int128)
  case real(Double)

  /// The nearest number of 64 bits.
  package var double: Double {
    switch self {
    case .whole(let value): Double(value)
    case .real(let value): value
    }
  }

  static func < (a: ElementValue, b: ElementValue) -> Bool {
    switch (a, b) {
    case (.whole(let a), .whole(let b)): a < b
    default: a.double < b.double
    }
  }
}
