internal import Glibc

/// The size of a difference, relative to the spread of the results.
public enum EffectSize {
  /// Hedges' g: the difference of the means divided by the pooled deviation, corrected for small samples with the exact
  /// factor Γ(m/2) / (√(m/2) Γ((m−1)/2)). Nil if it is not defined.
  public static func hedges(_ first: Sample, _ second: Sample) -> Double? {
    let degrees = first.count + second.count - 2
    guard degrees >= 2, first.count > 1 || second.count > 1 else { return nil }
    let sum =
      (first.variance ?? 0) * Double(first.count - 1) + (second.variance ?? 0) * Double(second.count - 1)
    let m = Double(degrees)
    // Equal values have a deviation only because of rounding.
    guard (sum / m).squareRoot() > Sample.rounding(of: first.values + second.values) else { return nil }
    let factor = exp(lgamma(m / 2) - lgamma((m - 1) / 2)) / (m / 2).squareRoot()
    return factor * (first.mean - second.mean) / (sum / m).squareRoot()
  }

  /// Cliff's delta: P(first > second) − P(first < second) over all pairs of values.
  public static func cliff(_ first: Sample, _ second: Sample) -> Double {
    var sum = 0
    for a in first.values { for b in second.values { sum += a > b ? 1 : a < b ? -1 : 0 } }
    return Double(sum) / Double(first.count * second.count)
  }

  /// Cohen's h of two proportions: 2 asin √p − 2 asin √q.
  public static func cohenH(_ first: Double, _ second: Double) -> Double {
    2 * asin(first.squareRoot()) - 2 * asin(second.squareRoot())
  }
}
