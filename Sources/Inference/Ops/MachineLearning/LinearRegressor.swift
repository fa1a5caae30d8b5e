internal import ONNXGraph

/// y = x · `coefficients`ᵀ + `intercepts`, transformed by `post_transform`
///
/// x: FLOAT, DOUBLE, INT64 or INT32, [n, f] or [f]; coefficients: t rows of f, where t is `targets` (1); intercepts: t
/// (0) → y: FLOAT, [n, t]. Source: ONNX `LinearRegressor`, ai.onnx.ml version 1.
enum LinearRegressor: MachineLearningOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try FeatureRows(call)
    let targets = try call.int("targets") ?? 1
    let coefficients = try call.floats("coefficients") ?? []
    guard targets >= 1, targets <= max(1, coefficients.count) else {
      throw OperatorError("targets with coefficients", found: "\(targets)", subject: "attribute 'targets'")
    }
    let intercepts = try call.floats("intercepts") ?? [Double](repeating: 0, count: targets)
    guard intercepts.count == targets else {
      throw call.wrongAttribute("intercepts", "\(targets) numbers", found: "\(intercepts.count)")
    }
    let transform = try ScoreTransform(call)
    let products = try x.products(call, coefficients, "coefficients", offsets: intercepts)
    return [
      try Casting.cast(
        call, try Lines.map(call, products, extent: targets, inner: 1, transform.apply), to: .float)
    ]
  }
}
