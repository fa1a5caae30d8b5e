/// The statistics of one tensor's values. They do not depend on the number of threads or on the size of reads.
package struct ValueStatistics: Equatable, Sendable {
  /// Elements of the tensor.
  package let elements: Int
  /// Elements equal to 0, including −0.0; a complex element counts if both parts are 0.
  package let zeros: Int
  /// Elements that are NaN; a complex element counts if a part is NaN.
  package let nan: Int
  /// Infinite elements of either sign; a complex element counts if a part is infinite and none is NaN.
  package let infinite: Int
  /// The minimum, including −∞ and without NaN; nil for complex numbers and if no number is left.
  package let minimum: ElementValue?
  /// The maximum, including ∞ and without NaN; nil for complex numbers and if no number is left.
  package let maximum: ElementValue?
  /// The mean of the finite elements: the exact sum ÷ their number, rounded once. Two parts for complex numbers; empty
  /// if no element is finite.
  package let mean: [Double]
  /// The standard deviation of the finite elements around their mean (÷ n, as NumPy's `std`), at most one unit in the last
  /// place from the exact one; nil if no element is finite.
  package let deviation: Double?
  /// Counts of finite elements by magnitude, smallest first, without zeros. Empty for complex numbers.
  package let histogram: [MagnitudeBin]
}

/// Elements x with 2^exponent ≤ |x| < 2^(exponent + 1).
package struct MagnitudeBin: Equatable, Sendable {
  package let exponent: Int
  package var negative = 0
  package var positive = 0
}

/// A number in the precision of its dtype.
package enum ElementValue: Equatable, Sendable {
  case whole(Int128)
  case real(Double)

  /// The nearest binary64 number.
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
