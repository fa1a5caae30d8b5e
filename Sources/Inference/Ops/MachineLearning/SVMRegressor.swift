internal import ONNXGraph

/// y = Σ `coefficients`[v] · k(x, `support_vectors`[v]) + `rho`[0]; without support vectors, x · coefficients + rho[0]
///
/// x: FLOAT, DOUBLE, INT64 or INT32, [n, f] or [f]; `n_supports` support vectors of f numbers (0: none); k is in
/// `SupportVectors` → y: FLOAT, [n, 1]. With `one_class`, y is 1 if the sum is positive, else −1. Source: ONNX
/// `SVMRegressor`, ai.onnx.ml version 1.
enum SVMRegressor: MachineLearningOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try FeatureRows(call)
    let coefficients = try call.floats("coefficients") ?? []
    guard let rho = try call.floats("rho")?.first else {
      throw OperatorError("a number in rho", found: "none")
    }
    let count = try call.int("n_supports") ?? 0
    let transform = try ScoreTransform(call)
    var sums: Tensor
    if count > 0 {
      guard coefficients.count == count else {
        throw call.wrongAttribute("coefficients", "\(count) numbers", found: "\(coefficients.count)")
      }
      let kernel = try SupportVectors(call).kernel(call, x, count: count)
      sums = try call.make(.double, [x.count, 1])
      try call.budget.spend(x.count, count)
      let values = kernel.values(Double.self)
      for row in 0..<x.count {
        var sum = 0.0
        for vector in 0..<count { sum += coefficients[vector] * values[row * count + vector] }
        sums.values(Double.self)[row] = sum + rho
      }
    } else {
      sums = try x.products(call, coefficients, "coefficients", offsets: [rho])
    }
    let isOneClass = try call.flag("one_class")
    sums = try Lines.map(call, sums, extent: 1, inner: 1) { row in
      transform.apply(&row)
      if isOneClass { row[0] = row[0] > 0 ? 1 : -1 }
    }
    return [try Casting.cast(call, sums, to: .float)]
  }
}
