/// The largest difference at which two elements count as equal.
public enum Tolerance: Equatable, Sendable {
  /// Only identical bits are equal.
  case none
  /// |a − b| ≤ absolute + relative · |b|, as in NumPy's `isclose`; an infinity is not near any other number.
  case distance(absolute: Double, relative: Double)
  /// At most this many units in the last place, as `ValueComparison` counts them; a NaN is not near any number.
  case steps(UInt64)

  /// Whether two elements with different bits are within the tolerance.
  func accepts(_ distance: ElementDistance) -> Bool {
    switch self {
    case .none: false
    case .distance(let absolute, let relative):
      distance.abs.isFinite && distance.abs <= absolute + relative * distance.reference
    // A number has no distance in steps from a NaN, although their patterns may be neighbours.
    case .steps(let limit): distance.ulp <= limit && !distance.abs.isNaN
    }
  }
}
