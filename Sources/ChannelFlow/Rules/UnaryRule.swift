internal import Inference
internal import ONNXGraph

/// Operators on one value, element by element: labels continue, also joint ones.
enum UnaryRule {
  /// Operators that map zero to zero.
  static let zeroKeeping: Set<String> = [
    "Abs", "Ceil", "Elu", "Erf", "Floor", "Gelu", "HardSwish", "Identity", "LeakyRelu", "Mish", "Neg", "Relu",
    "Round", "Selu", "Sign", "Sin", "Softsign", "Sqrt", "Tanh", "Cast", "Dropout", "CastLike", "Trilu",
    "ThresholdedRelu", "IsNaN", "IsInf",
  ]

  static let operations: Set<String> = zeroKeeping.union([
    "Cos", "Exp", "HardSigmoid", "Log", "Not", "Reciprocal", "Sigmoid", "Softplus", "Clip",
  ])

  static func apply(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let x = try call.input(0)
    call.keepsZeros =
      zeroKeeping.contains(call.node.operation) || call.node.operation == "Clip" && clipKeepsZero(call)
    // Only the type of the second input matters.
    if call.node.operation == "CastLike" {
      call.leave(1)
    }
    // The mask of a Dropout is true even if its input is zero.
    if call.node.outputs.count > 1 { call.keepsZeros = false }
    if call.node.operation == "Trilu" {
      for dimension in [x.rank - 2, x.rank - 1] where dimension >= 0 {
        try call.stop(
          try call.labels(0, dimension), "\(call.node.shown) treats positions differently")
      }
    }
    var value = try call.input(0).computed
    value.isZero = x.isZero && call.keepsZeros
    return call.node.outputs.map { _ in value }
  }

  private static func clipKeepsZero(_ call: FlowCall) -> Bool {
    func bound(_ index: Int, _ name: String) -> Double? {
      if case .float(let value)? = call.node.attributes[name] { return Double(value) }
      return call.optional(index).flatMap { $0.known?.reals?.first ?? .nan }
    }
    let (low, high) = (bound(1, "min"), bound(2, "max"))
    return (low ?? -1) <= 0 && (high ?? 1) >= 0
  }
}
