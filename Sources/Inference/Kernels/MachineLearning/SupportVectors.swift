internal import Glibc
internal import ONNXGraph

/// The kernel of `SVMClassifier` and `SVMRegressor`: `kernel_type` with gamma, coef0 and degree in `kernel_params`.
struct SupportVectors {
  private let kind: String
  private let parameters: [Double]

  init(_ call: OperatorCall) throws(OperatorError) {
    kind = try call.word("kernel_type", ["LINEAR", "POLY", "RBF", "SIGMOID"], default: "LINEAR")
    let given = try call.floats("kernel_params") ?? []
    guard given.isEmpty || given.count == 3 else {
      throw call.wrongAttribute("kernel_params", "gamma, coef0 and degree", found: "\(given.count) numbers")
    }
    parameters = given.isEmpty ? [0, 0, 0] : given
  }

  /// k(x, v) for all samples and all of `count` support vectors: [n, count].
  ///
  /// LINEAR: x · v; POLY: (gamma · x · v + coef0)^degree; RBF: exp(−gamma · |x − v|²); SIGMOID: tanh(gamma · x · v +
  /// coef0).
  func kernel(_ call: OperatorCall, _ x: FeatureRows, count: Int) throws(OperatorError) -> Tensor {
    let vectors = try call.floats("support_vectors") ?? []
    let zeros = try call.make(.double, [count]).values(Double.self)
    zeros.update(repeating: 0)
    if kind == "RBF" { return try radial(call, x, vectors, count) }
    let y = try x.products(call, vectors, "support_vectors", offsets: Array(zeros.prefix(count)))
    let values = y.values(Double.self)
    let (gamma, offset, degree) = (parameters[0], parameters[1], parameters[2])
    switch kind {
    case "POLY": for place in 0..<y.count { values[place] = pow(gamma * values[place] + offset, degree) }
    case "SIGMOID": for place in 0..<y.count { values[place] = tanh(gamma * values[place] + offset) }
    default: break
    }
    return y
  }

  private func radial(
    _ call: OperatorCall, _ x: FeatureRows, _ vectors: [Double], _ count: Int
  ) throws(OperatorError) -> Tensor {
    let (size, overflow) = count.multipliedReportingOverflow(by: x.features)
    guard !overflow, vectors.count == size else {
      throw OperatorError(
        "\(count) times \(x.features) numbers", found: "\(vectors.count)",
        subject: "attribute 'support_vectors'")
    }
    let y = try call.make(.double, [x.count, count])
    try call.budget.spend(y.count, x.features)
    for sample in 0..<x.count {
      for vector in 0..<count {
        var sum = 0.0
        for feature in 0..<x.features {
          let difference = x.values[sample * x.features + feature] - vectors[vector * x.features + feature]
          sum += difference * difference
        }
        y.values(Double.self)[sample * count + vector] = exp(-parameters[0] * sum)
      }
    }
    return y
  }
}
