/// How far an element may be from the other and still be taken as equal.
public enum Tolerance: Equatable, Sendable {
  /// Not at all: bits decide.
  case none
  /// |a − b| ≤ absolute + relative · |b|, as NumPy's `isclose` has it; no infinity is near another number.
  case distance(absolute: Double, relative: Double)
  /// At most so many units in the last place, as `ValueComparison` counts them.
  case steps(UInt64)

  /// Whether elements whose bits differ are near enough.
  func accepts(_ distance: ElementDistance) -> Bool {
    switch self {
    case .none: false
    case .distance(let absolute, let relative):
      distance.abs.isFinite && distance.abs <= absolute + relative * distance.reference
    case .steps(let limit): distance.ulp <= limit
    }
  }
}
