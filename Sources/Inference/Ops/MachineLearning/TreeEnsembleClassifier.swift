internal import ONNXGraph

/// z[n, c] = the sum of the weights for class c of the leaves that row n of x reaches in all trees, transformed; y = the
/// class with the greatest sum
///
/// x: FLOAT, DOUBLE, INT64 or INT32, [n, f] or [f] → y: the labels, text (`classlabels_strings`) or INT64
/// (`classlabels_int64s`), [n]; z: FLOAT, [n, c]. `base_values` are added to the sums. Without them, only classes with
/// votes can win. Trees are as in `TreeEnsembleRegressor`.
///
/// If there are two classes, but all weights are for one of them, their sum s is a score of the second class, which wins
/// if s > 0.5, or s > 0 if any weight is negative; z is [0, s] if they are for the second class, else [1 − s, s], or
/// [−s, s] if any weight is negative. One base value is then allowed for weights of the first class. This is ONNX
/// Runtime's rule; the specification has none.
///
/// Source: ONNX `TreeEnsembleClassifier`, ai.onnx.ml versions 1, 3 (tensors in attributes), 5.
enum TreeEnsembleClassifier: MachineLearningOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try FeatureRows(call)
    let labels = try ClassLabels(call, integers: "classlabels_int64s")
    return try DecisionForest.reserving(call, items: ["nodes_modes", "class_ids"]) {
      () throws(OperatorError) in
      try classify(call, x, labels)
    }
  }

  private static func classify(
    _ call: OperatorCall, _ x: FeatureRows, _ labels: ClassLabels
  ) throws(OperatorError) -> [Tensor] {
    let transform = try ScoreTransform(call)
    let forest = try DecisionForest(call, votes: "class", features: x.features, targets: labels.count)
    var base = try call.numbers("base_values")
    let isPositive = try call.numbers("class_weights").allSatisfy { $0 >= 0 }
    let voted = Set(try call.ints("class_ids") ?? [])
    let single = labels.count == 2 && voted.count == 1 && base.count < 2 ? voted.first : nil
    if single == 0, base.count == 1 { base.append(0) }
    let scores = ForestScores(forest: forest, targets: labels.count, base: base)
    let z = try call.make(.float, [x.count, labels.count])
    var classes: [Int] = []
    try call.budget.take(bytes: x.count * 16)
    defer { call.budget.release(bytes: x.count * 16) }
    try scores.forEachSample(call, x) { sample, scores, voted in
      if let single {
        classes.append(scores[single] > (isPositive ? 0.5 : 0) ? 1 : 0)
        if single == 0 {
          scores = transform.pair(scores[0], isProbability: isPositive)
        } else {
          transform.apply(&scores)
        }
      } else {
        let candidates = voted.indices.filter { voted[$0] || !base.isEmpty }
        let best = candidates.first.map { first in
          candidates.reduce(first) { scores[$1] > scores[$0] ? $1 : $0 }
        }
        classes.append(best ?? 0)
        transform.apply(&scores)
      }
      for (column, score) in scores.enumerated() {
        z.values(Float.self)[sample * labels.count + column] = Float(score)
      }
    }
    return [try labels.tensor(call, classes), z]
  }
}
