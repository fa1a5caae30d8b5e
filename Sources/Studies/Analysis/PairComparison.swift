/// A comparison of two points of one task at matching budgets.
public struct PairComparison: Sendable {
  /// The index of the first point.
  public let first: Int
  /// The index of the second point.
  public let second: Int
  /// The test of the difference; nil if neither seeds nor the size of the test set allow one.
  public let test: MeanTest?
  /// The seeds that both points have; empty unless the test is paired.
  public let sharedSeeds: [Int]
  /// The first mean minus the second, over the runs that are tested.
  public let difference: Double
  /// The runs of both points that a paired test leaves out, because the other has no run of that seed.
  public let unpairedRuns: Int
  /// The bootstrap interval of the difference; nil at N = 1.
  public let bootstrap: Interval?
  /// The upper bound of ε, which measures how much the first is stochastically worse; nil at N = 1. If it is below ½,
  /// the first is almost stochastically better.
  public let stochasticOrder: Double?
  /// Hedges' g over seeds; nil at N = 1 or without spread.
  public let hedges: Double?
  /// Cliff's delta over seeds; nil at N = 1.
  public let cliff: Double?
  /// Cohen's h of the two proportions.
  public let cohenH: Double
  /// The p-value after Holm's correction over all tests of the study; nil without a test.
  public internal(set) var adjusted: Double?
  /// The conclusion; `untestable` before all tests of the study are corrected.
  public internal(set) var verdict: Verdict = .untestable

  /// A conclusion about two points. JSON has the raw value.
  public enum Verdict: String, Hashable, Sendable, CaseIterable {
    case firstBetter = "first-better"
    case secondBetter = "second-better"
    case notSeparable = "not-separable"
    case untestable
  }

  /// Whether one of the two was run only once.
  public let isSingleRun: Bool

  init(_ points: [StudyPoint], _ first: Int, _ second: Int, _ settings: Study.Settings) {
    let (a, b) = (points[first], points[second])
    self.first = first
    self.second = second
    isSingleRun = a.sample.count == 1 || b.sample.count == 1
    let confidence = settings.confidence
    let shared = Self.shared(a, b)
    // Every number of a paired comparison is of the same runs.
    let (one, other) =
      shared.flatMap { pairs in
        Sample(pairs.first).flatMap { x in Sample(pairs.second).map { (x, $0) } }
      } ?? (a.sample, b.sample)
    difference = one.mean - other.mean
    unpairedRuns = shared.map { a.sample.count + b.sample.count - 2 * $0.seeds.count } ?? 0
    cohenH = EffectSize.cohenH(one.mean, other.mean)
    let seed = UInt64(settings.seed)
    if let pairs = shared {
      test = MeanTest.paired(pairs.first, pairs.second, confidence: confidence)
      sharedSeeds = pairs.seeds
      bootstrap = Bootstrap.difference(
        one, other, isPaired: true, confidence: confidence, resamples: settings.resamples, seed: seed)
    } else if !isSingleRun {
      test = MeanTest.welch(a.sample, b.sample, confidence: confidence)
      sharedSeeds = []
      bootstrap = Bootstrap.difference(
        a.sample, b.sample, isPaired: false, confidence: confidence, resamples: settings.resamples, seed: seed
      )
    } else {
      sharedSeeds = []
      bootstrap = nil
      if let n = a.result.testSize, let m = b.result.testSize {
        test = MeanTest.proportions(a.sample.mean, of: n, b.sample.mean, of: m, confidence: confidence)
      } else {
        test = nil
      }
    }
    hedges = isSingleRun ? nil : EffectSize.hedges(one, other)
    cliff = isSingleRun ? nil : EffectSize.cliff(one, other)
    stochasticOrder =
      isSingleRun
      ? nil
      : AlmostStochasticOrder.bound(
        one, other, confidence: confidence, resamples: settings.resamples, seed: seed)
  }

  /// The accuracies at the seeds that both methods have; nil for fewer than two.
  private static func shared(
    _ a: StudyPoint, _ b: StudyPoint
  ) -> (seeds: [Int], first: [Double], second: [Double])? {
    guard let seeds = a.result.seeds, let others = b.result.seeds else { return nil }
    let known = Dictionary(zip(others, b.result.accuracies), uniquingKeysWith: { first, _ in first })
    var result: (seeds: [Int], first: [Double], second: [Double]) = ([], [], [])
    for (seed, value) in zip(seeds, a.result.accuracies) {
      guard let other = known[seed] else { continue }
      result.seeds.append(seed)
      result.first.append(value)
      result.second.append(other)
    }
    return result.seeds.count < 2 ? nil : result
  }

  mutating func judge(adjusted: Double?, alpha: Double) {
    self.adjusted = adjusted
    guard let adjusted, let test else { return }
    verdict = adjusted >= alpha ? .notSeparable : test.difference > 0 ? .firstBetter : .secondBetter
  }
}
