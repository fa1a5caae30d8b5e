internal import ONNXGraph

/// y[n, t] = the weights for target t of the leaves that row n of x reaches in all trees, combined and transformed
///
/// x: FLOAT, DOUBLE, INT64 or INT32, [n, f] or [f] → y: FLOAT, [n, `n_targets`]. `aggregate_function`: SUM (the default),
/// AVERAGE (the sum divided by the number of trees), MIN or MAX; `base_values` are added, then `post_transform` applies.
/// A node compares its feature with its value; NaN goes the way of true if `nodes_missing_value_tracks_true`, else of
/// false. Trees are checked before they are used (`DecisionForest`). Source: ONNX `TreeEnsembleRegressor`, ai.onnx.ml
/// versions 1, 3 (tensors in attributes), 5.
enum TreeEnsembleRegressor: MachineLearningOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try FeatureRows(call)
    let (targets, transform) = (try call.int("n_targets") ?? 0, try ScoreTransform(call))
    guard targets >= 1 else {
      throw OperatorError("1 target or more", found: "\(targets)", subject: "attribute 'n_targets'")
    }
    let words = ForestScores.Aggregate.allCases.map(\.rawValue)
    let word = try call.word("aggregate_function", words, default: "SUM")
    return try DecisionForest.reserving(call, items: ["nodes_modes", "target_ids"]) {
      () throws(OperatorError) in
      let forest = try DecisionForest(call, votes: "target", features: x.features, targets: targets)
      let scores = ForestScores(
        forest: forest, targets: targets, aggregate: ForestScores.Aggregate(rawValue: word) ?? .sum,
        base: try call.numbers("base_values"))
      return [try scores.regression(call, x, transform, .float)]
    }
  }
}
