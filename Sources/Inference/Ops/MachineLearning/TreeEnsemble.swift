internal import ONNXGraph

/// y[n, t] = the weights for target t of the leaves that row n of x reaches in all trees, combined and transformed
///
/// x: FLOAT, DOUBLE or FLOAT16, [n, f] or [f] → y: as x, [n, `n_targets`]. Branches are in the lists `nodes_…`, leaves
/// in `leaf_…`, and `tree_roots` are numbers of branches. `nodes_modes`: ≤, <, ≥, >, =, ≠ (0 to 5), or 6: the feature is
/// in the branch's set. The sets are in `membership_values`, in the order of their branches, separated by NaN.
/// `aggregate_function`: 0 average, 1 sum (the default), 2 least, 3 greatest; `post_transform`: 0 none, 1 softmax,
/// 2 logistic, 3 softmax without zeros, 4 probit. ONNX Runtime 1.32 takes 1 for logistic and 2 for softmax. Source: ONNX
/// `TreeEnsemble`, ai.onnx.ml version 5.
enum TreeEnsemble: MachineLearningOperator {
  static var since: Int { 5 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try FeatureRows(call, [.float, .double, .float16])
    let targets = try call.int("n_targets") ?? 0
    guard targets >= 1 else {
      throw OperatorError("1 target or more", found: "\(targets)", subject: "attribute 'n_targets'")
    }
    let aggregate = try member(call, "aggregate_function", ForestScores.Aggregate.allCases, default: 1)
    let transform = try member(call, "post_transform", ScoreTransform.allCases, default: 0)
    let items = ["nodes_featureids", "leaf_targetids", "tree_roots"]
    return try DecisionForest.reserving(call, items: items) { () throws(OperatorError) in
      let forest = try DecisionForest(call, features: x.features, targets: targets)
      let scores = ForestScores(forest: forest, targets: targets, aggregate: aggregate, base: [])
      return [try scores.regression(call, x, transform, try call.input(0).type)]
    }
  }

  /// The case with the number in the attribute.
  private static func member<T>(
    _ call: OperatorCall, _ name: String, _ all: [T], default value: Int
  ) throws(OperatorError) -> T {
    let number = try call.int(name) ?? value
    guard all.indices.contains(number) else {
      throw OperatorError("0 to \(all.count - 1)", found: "\(number)", subject: "attribute '\(name)'")
    }
    return all[number]
  }
}
