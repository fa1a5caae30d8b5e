internal import Glibc

/// A test of two means: its statistic, degrees of freedom and two-sided p-value.
public struct MeanTest: Hashable, Sendable {
  /// The kind of test.
  public let kind: Kind
  /// The difference of the means, first minus second.
  public let difference: Double
  /// The statistic: t for the t tests, z for proportions.
  public let statistic: Double
  /// Degrees of freedom; infinite for z.
  public let degrees: Double
  /// The probability of a statistic at least as far from 0 if the means are equal.
  public let pValue: Double
  /// The interval of the difference at the requested level of confidence.
  public let interval: Interval

  /// The kind of test. Reports use the raw value.
  public enum Kind: String, Hashable, Sendable {
    /// Student's t of the differences, seed by seed.
    case paired = "paired-t"
    /// Welch's t for two samples of unequal variance, with degrees of freedom by Welch and Satterthwaite.
    case welch
    /// z for two proportions, each on its own test set, with unpooled variances.
    case proportions
    /// Fisher's exact test for proportions of 1 and 0, for which z would divide by 0.
    case fisher
  }

  /// Student's t of paired values. `first` and `second` have one value for each seed, in the same order.
  ///
  /// Nil for fewer than two pairs. Also nil if all differences are equal apart from rounding: without spread, a p-value
  /// of 0 would mean nothing. If all differences are 0, p is 1.
  public static func paired(_ first: [Double], _ second: [Double], confidence: Double) -> MeanTest? {
    guard first.count == second.count, let sample = Sample(zip(first, second).map { $0 - $1 }),
      let deviation = sample.deviation
    else { return nil }
    let degrees = Double(sample.count - 1)
    switch Spread(deviation, sample.mean, first + second) {
    case .some:
      return MeanTest(
        .paired, difference: sample.mean, error: deviation / Double(sample.count).squareRoot(),
        degrees: degrees, confidence: confidence)
    case .equal: return MeanTest(.paired, difference: 0, error: 0, degrees: degrees, confidence: confidence)
    case .none: return nil
    }
  }

  /// Welch's t. Nil if a sample has fewer than two values, and if neither has spread but the means differ. If neither
  /// has spread and the means are equal, p is 1.
  public static func welch(_ first: Sample, _ second: Sample, confidence: Double) -> MeanTest? {
    guard let v = first.variance, let w = second.variance else { return nil }
    switch Spread((v + w).squareRoot(), first.mean - second.mean, [first.mean, second.mean]) {
    case .some: break
    case .equal:
      return MeanTest(
        .welch, difference: 0, error: 0, degrees: Double(first.count + second.count - 2),
        confidence: confidence)
    case .none: return nil
    }
    let (a, b) = (v / Double(first.count), w / Double(second.count))
    let spread = a * a / Double(first.count - 1) + b * b / Double(second.count - 1)
    let degrees = spread > 0 ? (a + b) * (a + b) / spread : Double(first.count + second.count - 2)
    return MeanTest(
      .welch, difference: first.mean - second.mean, error: (a + b).squareRoot(), degrees: degrees,
      confidence: confidence)
  }

  /// Two accuracies, each measured once on a test set: z with unpooled variances, which only describes the error from
  /// sampling the test sets.
  ///
  /// If both use the same test set, this does not use that they are right on the same images; for that, the predictions
  /// would be needed.
  public static func proportions(
    _ first: Double, of n: Int, _ second: Double, of m: Int, confidence: Double
  ) -> MeanTest? {
    guard n > 0, m > 0, (0...1).contains(first), (0...1).contains(second) else { return nil }
    let error = (first * (1 - first) / Double(n) + second * (1 - second) / Double(m)).squareRoot()
    if error == 0, first != second { return fisher(first, n, second, m, confidence: confidence) }
    return MeanTest(
      .proportions, difference: first - second, error: error, degrees: .infinity, confidence: confidence)
  }

  /// One method is right on all of its test set, the other on none. No other table with these margins is further from
  /// equality; if the sets have the same size, one other table is equally far. The interval is Newcombe's, from two of
  /// Wilson's.
  private static func fisher(
    _ first: Double, _ n: Int, _ second: Double, _ m: Int, confidence: Double
  ) -> MeanTest {
    let tables = lgamma(Double(n + m) + 1) - lgamma(Double(n) + 1) - lgamma(Double(m) + 1)
    let a = BinomialInterval.wilson(Int(first) * n, of: n, confidence: confidence)
    let b = BinomialInterval.wilson(Int(second) * m, of: m, confidence: confidence)
    let (low, high) = (hypot(first - a.low, b.high - second), hypot(a.high - first, second - b.low))
    let difference = first - second
    return MeanTest(
      kind: .fisher, difference: difference, statistic: difference > 0 ? .infinity : -.infinity,
      degrees: .infinity, pValue: min(1, (n == m ? 2 : 1) * exp(-tables)),
      interval: Interval(low: max(-1, difference - low), high: min(1, difference + high)))
  }

  /// The spread of the results, for judging a difference.
  private enum Spread {
    /// More spread than rounding causes for values of this size.
    case some
    /// No spread, and no difference.
    case equal
    /// No spread, but the means differ.
    case none

    init(_ deviation: Double, _ difference: Double, _ values: [Double]) {
      let rounding = Sample.rounding(of: values)
      self = deviation > rounding ? .some : abs(difference) <= rounding ? .equal : .none
    }
  }

  private init(
    kind: Kind, difference: Double, statistic: Double, degrees: Double, pValue: Double, interval: Interval
  ) {
    self.kind = kind
    self.difference = difference
    self.statistic = statistic
    self.degrees = degrees
    self.pValue = pValue
    self.interval = interval
  }

  private init(_ kind: Kind, difference: Double, error: Double, degrees: Double, confidence: Double) {
    self.kind = kind
    self.difference = difference
    self.degrees = degrees
    statistic = error > 0 ? difference / error : difference == 0 ? 0 : difference > 0 ? .infinity : -.infinity
    let critical: Double
    if degrees.isInfinite {
      pValue = Normal.twoSided(statistic)
      critical = Normal.quantile(1 - (1 - confidence) / 2)
    } else {
      pValue = StudentT.twoSided(statistic, degrees: degrees)
      critical = StudentT.critical(alpha: 1 - confidence, degrees: degrees)
    }
    interval = Interval(low: difference - critical * error, high: difference + critical * error)
  }
}
