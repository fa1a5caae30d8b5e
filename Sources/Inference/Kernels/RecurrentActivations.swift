internal import Glibc

/// The activations of `LSTM`, `GRU` and `RNN`, with the parameters in `activation_alpha` and `activation_beta`.
struct RecurrentActivations {
  let functions: [(Double) -> Double]
  /// The same functions as kernels for binary32; nil if one has none.
  let kernels: [LaneFunction]?

  init(_ call: OperatorCall, defaults: [String], directions: Int) throws(OperatorError) {
    let names =
      try call.strings("activations") ?? Array(repeatElement(defaults, count: directions).joined())
    guard names.count == defaults.count * directions else {
      throw call.wrongAttribute("activations", "\(defaults.count * directions) names")
    }
    var alphas = (try call.floats("activation_alpha") ?? [])[...]
    var betas = (try call.floats("activation_beta") ?? [])[...]
    var functions: [(Double) -> Double] = []
    var all: [LaneFunction?] = []
    for name in names {
      let key = name.lowercased()
      let hasAlpha = Self.alphas[key] != nil
      let hasBeta = Self.betas[key] != nil
      let alpha = hasAlpha ? alphas.popFirst() ?? Self.alphas[key] ?? 0 : 0
      let beta = hasBeta ? betas.popFirst() ?? Self.betas[key] ?? 0 : 0
      guard let function = Self.function(key, alpha, beta) else {
        throw call.wrongAttribute("activations", "activations of the specification")
      }
      functions.append(function)
      all.append(Self.kernel(key, Float(alpha), Float(beta)))
    }
    self.functions = functions
    kernels = all.contains { $0 == nil } ? nil : all.compactMap { $0 }
  }

  private static let alphas: [String: Double] = [
    "leakyrelu": 0.01, "thresholdedrelu": 1, "scaledtanh": 1, "hardsigmoid": 0.2, "elu": 1, "affine": 1,
  ]
  private static let betas: [String: Double] = ["scaledtanh": 1, "hardsigmoid": 0.5, "affine": 0]

  private static func kernel(_ name: String, _ alpha: Float, _ beta: Float) -> LaneFunction? {
    switch name {
    case "sigmoid": .sigmoid
    case "tanh": .tanh
    case "relu": .relu
    case "leakyrelu": .leaky(slope: alpha)
    case "hardsigmoid": .hardSigmoid(slope: alpha, shift: beta)
    default: nil
    }
  }

  private static func function(_ name: String, _ alpha: Double, _ beta: Double) -> ((Double) -> Double)? {
    switch name {
    case "sigmoid": Sigmoid.value
    case "tanh": { tanh($0) }
    case "relu": { $0 < 0 ? 0 : $0 }
    case "affine": { alpha * $0 + beta }
    case "leakyrelu": { $0 < 0 ? alpha * $0 : $0 }
    case "thresholdedrelu": { $0 < alpha ? 0 : $0 }
    case "scaledtanh": { alpha * tanh(beta * $0) }
    case "hardsigmoid": { (alpha * $0 + beta).clamped(0, 1) }
    case "elu": { $0 < 0 ? alpha * expm1($0) : $0 }
    case "softsign": { $0 / (1 + $0.magnitude) }
    case "softplus": Softplus.value
    default: nil
    }
  }
}
