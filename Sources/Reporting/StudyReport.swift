internal import Accounting
package import Studies
internal import Tensors

/// The output of `compare`: an analysed study as Markdown, JSON or a picture.
package struct StudyReport: Sendable {
  package let analysis: StudyAnalysis

  package init(_ analysis: StudyAnalysis) { self.analysis = analysis }

  /// The rules by which pairs are chosen and judged.
  var rules: String {
    let settings = analysis.study.settings
    return
      "Budgets match within \(Self.percent(settings.tolerance)) %; level of significance \(settings.alpha), "
      + "Holm's correction over all tests."
      + (settings.baseline.map { " Every method is compared with '\($0)' only." } ?? "")
  }

  /// A fraction in percent with two decimals: "95.10".
  static func percent(_ fraction: Double) -> String { decimals(fraction * 100, 2) }

  /// A number with `places` decimals; "NaN", "∞" or "-∞" if it is not finite.
  static func decimals(_ value: Double, _ places: Int) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "∞" : "-∞" }
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    guard abs(value) < 1e12 else { return "\(value)" }
    let all = Int((abs(value) * scale).rounded())
    let digits = String(all)
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    let sign = value < 0 && all != 0 ? "-" : ""
    return sign + padded.dropLast(places) + (places > 0 ? "." + padded.suffix(places) : "")
  }

  /// A p-value with three decimals, or "< 0.001".
  static func probability(_ p: Double) -> String { p < 0.001 ? "< 0.001" : decimals(p, 3) }

  /// The verdict on a pair in words.
  func words(_ pair: PairComparison) -> String {
    let (a, b) = (analysis.points[pair.first].result.method, analysis.points[pair.second].result.method)
    let once = pair.isSingleRun
    let left =
      pair.unpairedRuns == 0
      ? "" : " (N = \(pair.sharedSeeds.count) shared seeds; \(pair.unpairedRuns) other runs are left out)"
    switch pair.verdict {
    case .firstBetter: return "\(a) is better" + (once ? ", as far as the test set goes: N = 1" : left)
    case .secondBetter: return "\(b) is better" + (once ? ", as far as the test set goes: N = 1" : left)
    case .notSeparable:
      return "not separable" + (once ? " (N = 1: only the sampling of the test set is known)" : left)
    case .untestable:
      return once
        ? "cannot be tested: N = 1, and the size of the test set is unknown"
        : "cannot be tested: no spread over the seeds"
    }
  }

  /// A point's accuracy: what its count leaves out, its mean, its interval, its runs, and whether it is on the front.
  func cells(of point: StudyPoint) -> [String] {
    let interval = point.seedInterval ?? point.testInterval
    return [
      point.row?.excluded.description ?? (point.number == nil ? "not known" : "cited"),
      Self.percent(point.sample.mean),
      interval.map {
        "\(Self.percent($0.low))–\(Self.percent($0.high)) \(point.seedInterval == nil ? "test set" : "seeds")"
      } ?? "unknown",
      String(point.sample.count), point.isOnFront ? "front" : "",
    ]
  }

  /// The headings of `cells(of:)` for a pair.
  var pairHeadings: [(title: String, isNumber: Bool)] {
    let confidence = Self.decimals(analysis.study.settings.confidence * 100, 0)
    return [
      ("difference", true), ("\(confidence) % interval", false), ("test", false), ("p", true),
      ("p (Holm)", true),
      ("effect", false),
    ]
  }

  /// A pair's difference, its interval, test, p, p after correction, and effect sizes.
  func cells(of pair: PairComparison) -> [String] {
    var effect = pair.hedges.map { "g \(Self.decimals($0, 2))" } ?? "h \(Self.decimals(pair.cohenH, 3))"
    if let order = pair.stochasticOrder { effect += ", ε \(Self.decimals(order, 2))" }
    return [
      Self.percent(pair.difference),
      pair.test.map { "\(Self.percent($0.interval.low)) to \(Self.percent($0.interval.high))" } ?? "–",
      pair.test?.kind.rawValue ?? "none",
      pair.test.map { Self.probability($0.pValue) } ?? "–", pair.adjusted.map(Self.probability) ?? "–",
      effect,
    ]
  }

  /// A flip in one sentence.
  func words(_ flip: RankingFlip) -> String {
    let (a, b) = (analysis.points[flip.smaller], analysis.points[flip.larger])
    func numbers(_ index: Int) -> String {
      "\((a.parameters[index] ?? 0).grouped) against \((b.parameters[index] ?? 0).grouped)"
    }
    let others = flip.policies.map { "'\(analysis.policies[$0].id)' (\(numbers($0)))" }.joined(
      separator: ", ")
    return
      "\(a.result.task): \(a.name) is smaller than \(b.name) under '\(analysis.policies[flip.reference].id)' (\(numbers(flip.reference))), "
      + "larger under \(others)"
      + (flip.isMatched ? "; the first two numbers match within the tolerance" : "")
      + (flip.overturnsWin ? "; it was also at least as accurate, so the win is gone" : "")
  }
}
