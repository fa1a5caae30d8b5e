/// Results over seeds: their number, mean and variance.
public struct Sample: Hashable, Sendable {
  /// The values, at least one.
  public let values: [Double]

  /// A sample of at least one value; nil if the list is empty.
  public init?(_ values: [Double]) {
    if values.isEmpty { return nil }
    self.values = values
  }

  /// The number of values, N.
  public var count: Int { values.count }

  /// The largest difference that rounding can cause between values of this size.
  static func rounding(of values: [Double]) -> Double { 1e-12 * values.reduce(0) { max($0, abs($1)) } }

  /// The arithmetic mean.
  public var mean: Double { values.reduce(0, +) / Double(count) }

  /// The unbiased variance; nil for one value.
  public var variance: Double? {
    guard count > 1 else { return nil }
    let mean = mean
    return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)
  }

  /// The square root of the unbiased variance; nil for one value.
  public var deviation: Double? { variance.map { $0.squareRoot() } }

  /// Mean ± t · s / √n at a level of confidence; nil for one value.
  public func meanInterval(confidence: Double) -> Interval? {
    guard let deviation else { return nil }
    let half =
      StudentT.critical(alpha: 1 - confidence, degrees: Double(count - 1)) * deviation
      / Double(count).squareRoot()
    return Interval(low: mean - half, high: mean + half)
  }
}

/// A closed interval: both ends belong to it.
public struct Interval: Hashable, Sendable {
  /// The lower end; at most `high`.
  public let low: Double
  /// The upper end; at least `low`.
  public let high: Double
}
