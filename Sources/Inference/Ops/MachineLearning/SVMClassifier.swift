internal import ONNXGraph

/// y = the class that wins most of the comparisons of two classes; z = their decisions, or probabilities
///
/// x: FLOAT, DOUBLE, INT64 or INT32, [n, f] or [f] → y: the labels, text (`classlabels_strings`) or INT64
/// (`classlabels_ints`), [n]; z: FLOAT, transformed by `post_transform`. Class i has the next `vectors_per_class`[i] of
/// the support vectors, whose kernel k is in `SupportVectors`. The p-th pair of classes i < j has the decision
/// d = Σ_{v of i} `coefficients`[j − 1, v] · k(x, v) + Σ_{v of j} coefficients[i, v] · k(x, v) + `rho`[p], and i wins if
/// d > 0.
///
/// * With `prob_a` and `prob_b`, z: [n, c] are probabilities (`PairCoupling`) of 1 / (1 + exp(a[p] · d + b[p])).
/// * Otherwise z: [n, c(c − 1)/2] are the decisions; for two classes, z: [n, 2] is [−d, d], or [1 − d, d] if there is a
///   transform.
/// * Without support vectors, z: [n, c] = x · coefficientsᵀ + rho[0], and y is the class with the greatest score. Of two
///   classes it is the second if any score is positive (at least 0.5 if no coefficient is negative), as in ONNX Runtime.
///
/// Source: ONNX `SVMClassifier`, ai.onnx.ml version 1; ONNX Runtime, which alone says what the attributes mean.
enum SVMClassifier: MachineLearningOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try FeatureRows(call)
    let labels = try ClassLabels(call, integers: "classlabels_ints")
    let transform = try ScoreTransform(call)
    guard let coefficients = try call.floats("coefficients"), let rho = try call.floats("rho"), !rho.isEmpty
    else {
      throw OperatorError("coefficients and rho", found: "none")
    }
    let sizes = try call.ints("vectors_per_class") ?? []
    try call.budget.take(bytes: x.count * 16)
    defer { call.budget.release(bytes: x.count * 16) }
    if sizes.allSatisfy({ $0 == 0 }) {
      return try linear(call, x, labels, transform, coefficients, rho[0])
    }
    let pairs = try PairDecisions(call, classes: labels.count, sizes, coefficients, rho)
    let kernel = try SupportVectors(call).kernel(call, x, count: pairs.vectors)
    let isBinary = pairs.coupling == nil && labels.count == 2
    let z = try call.make(.float, [x.count, pairs.coupling != nil || isBinary ? labels.count : pairs.count])
    try call.budget.spend(x.count, pairs.cost)
    try call.budget.take(bytes: pairs.bytes)
    defer { call.budget.release(bytes: pairs.bytes) }
    var classes: [Int] = []
    for row in 0..<x.count {
      var (scores, votes) = pairs.decisions(kernel.values(Double.self).base + row * pairs.vectors)
      if isBinary {
        scores = transform.pair(scores[0], isProbability: transform != .none)
      } else {
        if let coupling = pairs.coupling { scores = coupling.probabilities(scores, classes: labels.count) }
        transform.apply(&scores)
      }
      classes.append(ClassLabels.best(votes))
      for (column, score) in scores.enumerated() {
        z.values(Float.self)[row * scores.count + column] = Float(score)
      }
    }
    return [try labels.tensor(call, classes), z]
  }

  private static func linear(
    _ call: OperatorCall, _ x: FeatureRows, _ labels: ClassLabels, _ transform: ScoreTransform,
    _ coefficients: [Double], _ rho: Double
  ) throws(OperatorError) -> [Tensor] {
    let offsets = [Double](repeating: rho, count: labels.count)
    let products = try x.products(call, coefficients, "coefficients", offsets: offsets)
    let isPositive = coefficients.allSatisfy { $0 >= 0 }
    var classes: [Int] = []
    let z = try Lines.map(call, products, extent: labels.count, inner: 1) { scores in
      let best = ClassLabels.best(scores)
      let isSecond = labels.count == 2 && (isPositive ? scores[best] >= 0.5 : scores[best] > 0)
      classes.append(isSecond ? 1 : best)
      transform.apply(&scores)
    }
    return [try labels.tensor(call, classes), try Casting.cast(call, z, to: .float)]
  }
}
