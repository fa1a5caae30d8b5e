internal import ONNXGraph

/// z = x · `coefficients`ᵀ + `intercepts`, transformed; y = the class with the greatest score
///
/// x: FLOAT, DOUBLE, INT64 or INT32, [n, f] or [f]; coefficients: c rows of f; intercepts: c (0) → y: the labels, text
/// (`classlabels_strings`) or INT64 (`classlabels_ints`), [n]; z: FLOAT, [n, c]. Two classes can have one score s: the
/// second class is chosen if s > 0, and z is [1 − s, s]. `multi_class` changes nothing, as in ONNX Runtime. Source: ONNX
/// `LinearClassifier`, ai.onnx.ml version 1.
enum LinearClassifier: MachineLearningOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try FeatureRows(call)
    let labels = try ClassLabels(call, integers: "classlabels_ints")
    let transform = try ScoreTransform(call)
    guard let coefficients = try call.floats("coefficients") else {
      throw call.wrongAttribute("coefficients", "numbers")
    }
    let count = max(1, x.features == 0 ? labels.count : coefficients.count / x.features)
    guard count == labels.count || (count == 1 && labels.count == 2) else {
      throw OperatorError("scores of \(labels.count) classes", found: "\(count)")
    }
    let intercepts = try call.floats("intercepts") ?? [Double](repeating: 0, count: count)
    guard intercepts.count == count else {
      throw call.wrongAttribute("intercepts", "\(count) numbers", found: "\(intercepts.count)")
    }
    let products = try x.products(call, coefficients, "coefficients", offsets: intercepts).values(Double.self)
    let z = try call.make(.float, [x.count, labels.count])
    let to = z.values(Float.self)
    var classes: [Int] = []
    try call.budget.take(bytes: x.count * 16)
    defer { call.budget.release(bytes: x.count * 16) }
    for row in 0..<x.count {
      var scores = Array(products[(row * count)..<((row + 1) * count)])
      if count < labels.count {
        classes.append(scores[0] > 0 ? 1 : 0)
        scores = transform.pair(scores[0], isProbability: true)
      } else {
        classes.append(ClassLabels.best(scores))
        transform.apply(&scores)
      }
      for (column, score) in scores.enumerated() { to[row * labels.count + column] = Float(score) }
    }
    return [try labels.tensor(call, classes), z]
  }
}
