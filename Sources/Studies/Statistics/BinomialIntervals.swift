/// Intervals of a proportion that was measured once, on n independent cases.
public enum BinomialInterval {
  /// Clopper and Pearson's interval for `successes` out of `count`; exact, so it is never too narrow.
  public static func clopperPearson(_ successes: Int, of count: Int, confidence: Double) -> Interval {
    let tail = (1 - confidence) / 2
    let (k, n) = (Double(successes), Double(count))
    return Interval(
      low: successes == 0 ? 0 : IncompleteBeta.inverse(k, n - k + 1, tail),
      high: successes == count ? 1 : IncompleteBeta.inverse(k + 1, n - k, 1 - tail))
  }

  /// Wilson's interval, from the score test.
  public static func wilson(_ successes: Int, of count: Int, confidence: Double) -> Interval {
    let z = Normal.quantile(1 - (1 - confidence) / 2)
    let (p, n) = (Double(successes) / Double(count), Double(count))
    let middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    let half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    return Interval(low: max(0, middle - half), high: min(1, middle + half))
  }
}
