internal import ONNXGraph

/// The sums of a forest's votes for each sample.
struct ForestScores {
  enum Aggregate: String, CaseIterable {
    case average = "AVERAGE"
    case sum = "SUM"
    case least = "MIN"
    case greatest = "MAX"
  }

  let forest: DecisionForest
  let targets: Int
  var aggregate = Aggregate.sum
  /// One number for each target, which is added at the end; empty for zeros.
  let base: [Double]

  /// Calls `body` with the scores of each sample, and whether each target had a vote.
  func forEachSample(
    _ call: OperatorCall, _ x: FeatureRows,
    _ body: (_ sample: Int, _ scores: inout [Double], _ voted: [Bool]) throws(OperatorError) -> Void
  ) throws(OperatorError) {
    guard base.isEmpty || base.count == targets else {
      throw OperatorError("0 or \(targets) base values", found: "\(base.count)")
    }
    let (cost, overflow) = forest.cost.addingReportingOverflow(targets)
    try call.budget.spend(x.count, overflow ? Int.max : cost)
    try call.budget.take(bytes: targets * 32)
    defer { call.budget.release(bytes: targets * 32) }
    let values = x.values
    for sample in 0..<x.count {
      var scores = [Double](repeating: 0, count: targets)
      var voted = [Bool](repeating: false, count: targets)
      for root in forest.roots {
        for vote in forest.votes(from: root, values.base + sample * x.features) {
          let known = voted[vote.target] ? scores[vote.target] : nil
          scores[vote.target] = combined(known, vote.weight)
          voted[vote.target] = true
        }
      }
      for target in 0..<targets {
        if aggregate == .average { scores[target] /= Double(forest.roots.count) }
        if !base.isEmpty { scores[target] += base[target] }
      }
      try body(sample, &scores, voted)
    }
  }

  private func combined(_ known: Double?, _ weight: Double) -> Double {
    guard let known else { return weight }
    switch aggregate {
    case .average, .sum: return known + weight
    case .least: return weight < known ? weight : known
    case .greatest: return weight > known ? weight : known
    }
  }

  /// The transformed scores of all samples, as elements of `type`.
  func regression(
    _ call: OperatorCall, _ x: FeatureRows, _ transform: ScoreTransform, _ type: ElementType
  ) throws(OperatorError) -> Tensor {
    let y = try call.make(.double, [x.count, targets])
    try forEachSample(call, x) { sample, scores, _ in
      transform.apply(&scores)
      for target in 0..<targets { y.values(Double.self)[sample * targets + target] = scores[target] }
    }
    return try Casting.cast(call, y, to: type)
  }
}
