public import Accounting
internal import StrictJSON
internal import Tensors
internal import UnitModel

/// The findings of a study: pairs that differ, orders that depend on the policy, and counts that cannot be compared.
public struct StudyAnalysis: Sendable {
  /// The analysed study.
  public let study: Study
  /// The common policy first, then the policies under which conclusions are checked again.
  public let policies: [CountingPolicy]
  /// The points, in the order of the results.
  public let points: [StudyPoint]
  /// Pairs of different methods at matching budgets.
  public let pairs: [PairComparison]
  /// Orders of two points by parameters that another policy reverses.
  public let flips: [RankingFlip]
  /// Differences in what is counted for each method.
  public let asymmetries: [Asymmetry]

  /// The names of methods without results.
  public var withoutResults: [String] {
    let found = Set(points.map(\.result.method))
    return study.methods.map(\.name).filter { !found.contains($0) }
  }

  /// Analyses a study.
  ///
  /// - Parameters:
  ///   - inventories: the contents of each method's file, by the method's name.
  ///   - policies: the common policy first.
  ///
  /// Throws the errors of `Inventory.counts`, `.unknownNetworkOf` for a result about a network that its file does not
  /// have, `.unknownPolicy` for a number cited under an unknown policy, and `.outOfRange` for too many pairs or
  /// resamples.
  public init(
    _ study: Study, inventories: [String: Inventory], policies: [CountingPolicy]
  ) throws(AccountingError) {
    try Self.checkCited(study, policies)
    var counts: [String: [ParameterCounts?]] = [:]
    for (name, inventory) in inventories {
      var all: [ParameterCounts?] = []
      for policy in policies {
        all.append(inventory.isReady(for: policy) ? try inventory.counts(under: policy) : nil)
      }
      counts[name] = all
    }
    var points: [StudyPoint] = []
    for result in study.results {
      guard let method = study.methods.first(where: { $0.name == result.method }) else { continue }
      var rows: [ParameterRow?] = []
      if let all = counts[method.name] {
        for count in all {
          rows.append(try count.map { (count) throws(AccountingError) in try Self.row(result, count) })
        }
      }
      let parameters = policies.indices.map { index -> Int? in
        if rows.indices.contains(index) { return rows[index]?.parameters.value }
        return method.cited.first { $0.policy == policies[index].id }?.parameters
      }
      if let point = StudyPoint(
        result, parameters: parameters, row: rows.first.flatMap { $0 }, confidence: study.settings.confidence)
      {
        points.append(point)
      }
    }
    for index in points.indices { points[index].isOnFront = Self.isOnFront(index, points) }
    self.study = study
    self.policies = policies
    pairs = try Self.pairs(points, study.settings)
    flips = RankingFlip.find(points, policies, tolerance: study.settings.tolerance)
    asymmetries = Asymmetry.find(study, points, policies)
    self.points = points
  }

  private static func row(
    _ result: Study.Result, _ counts: ParameterCounts
  ) throws(AccountingError) -> ParameterRow {
    guard let level = result.level else { return counts.stored }
    let row = counts.networks.first { $0.task == result.taskInFile && $0.level == level }
    guard let row else {
      throw .unknownNetworkOf(method: result.method, task: result.taskInFile, level: level)
    }
    return row
  }

  /// Checks that numbers are cited under known policies.
  private static func checkCited(_ study: Study, _ policies: [CountingPolicy]) throws(AccountingError) {
    let known = policies.map(\.id) + PolicyPreset.allCases.map(\.rawValue)
    for (place, method) in study.methods.enumerated() {
      for cited in method.cited where !known.contains(cited.policy) {
        throw .unknownPolicy(
          place: "methods[\(place)].cited", id: cited.policy,
          nearest: nearestName(to: cited.policy, among: known))
      }
    }
  }

  private static func isOnFront(_ index: Int, _ points: [StudyPoint]) -> Bool {
    let point = points[index]
    guard let number = point.number else { return false }
    return !points.contains { other in
      guard other.result.task == point.result.task, let theirs = other.number else { return false }
      let (a, b) = (other.sample.mean, point.sample.mean)
      return (theirs < number && a >= b) || (theirs <= number && a > b)
    }
  }

  private static func pairs(
    _ points: [StudyPoint], _ settings: Study.Settings
  ) throws(AccountingError) -> [PairComparison] {
    var found: [(first: Int, second: Int)] = []
    var draws = 0
    func isBaseline(_ index: Int) -> Bool { points[index].result.method == settings.baseline }
    for first in points.indices {
      for second in points.indices where second > first {
        let (a, b) = (points[first], points[second])
        guard a.result.task == b.result.task, a.result.method != b.result.method, let p = a.number,
          let q = b.number, Double(abs(p - q)) <= settings.tolerance * Double(max(p, q)),
          settings.baseline == nil || isBaseline(first) || isBaseline(second)
        else { continue }
        guard found.count < Study.resultLimit else {
          throw .outOfRange(
            place: "results", expected: "at most \(Study.resultLimit) pairs at matching budgets",
            found: "more")
        }
        // A difference from the baseline has the sign of a gain over it.
        found.append(isBaseline(first) ? (second, first) : (first, second))
        // Both the bootstrap and the almost stochastic order draw them. This does not overflow: at most 10^5 of 2 ·
        // 10^4 values for 2,000 pairs, twice.
        draws += 2 * settings.resamples * (a.sample.count + b.sample.count)
      }
    }
    guard draws <= Study.drawLimit else {
      throw .outOfRange(
        place: "resamples",
        expected: "at most \(Study.drawLimit.grouped) accuracies drawn for all pairs",
        found: "\(draws.grouped)")
    }
    var pairs = found.map { PairComparison(points, $0.first, $0.second, settings) }
    let tested = pairs.indices.filter { pairs[$0].test != nil }
    let adjusted = Holm.adjusted(tested.map { pairs[$0].test?.pValue ?? 1 })
    for (place, index) in tested.enumerated() {
      pairs[index].judge(adjusted: adjusted[place], alpha: settings.alpha)
    }
    return pairs
  }
}
