internal import Inference
internal import ONNXGraph

/// Operators on one value, element by element: labels continue, also joint ones.
enum UnaryRule {
  /// Operators that map zero to zero.
  static func zeroKeeping(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    // Only the type of the second input matters.
    if call.node.operation == "CastLike" { call.leave(1) }
    return try apply(call, keepsZeros: true)
  }

  /// Operators that may map zero to another number.
  static func plain(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try apply(call, keepsZeros: call.node.operation == "Clip" && clipKeepsZero(call))
  }

  private static func apply(_ call: FlowCall, keepsZeros: Bool) throws(FlowError) -> [FlowValue] {
    let x = try call.input(0)
    call.keepsZeros = keepsZeros
    var value = x.computed
    value.isZero = x.isZero && keepsZeros
    return call.node.outputs.map { _ in value }
  }

  /// In training, a sub-network would draw other random numbers, because it has fewer elements.
  static func dropout(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    if isTraining(call) {
      let shape = try call.input(0).shape
      _ = try call.stopAll("\(call.node.shown) \(FlowRules.random)")
      return call.node.outputs.map { _ in FlowValue(shape) }
    }
    // The mask is true even if the input is zero.
    return try apply(call, keepsZeros: call.node.outputs.count == 1)
  }

  private static func isTraining(_ call: FlowCall) -> Bool {
    if call.opset < 7 { return call.int("is_test") == 0 }
    guard call.opset >= 12, let given = call.optional(2) else { return false }
    return given.known?.withBytes { $0.contains { $0 != 0 } } ?? true
  }

  static func triangle(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let x = try call.input(0)
    for dimension in [x.rank - 2, x.rank - 1] where dimension >= 0 {
      try call.stop(try call.labels(0, dimension), "\(call.node.shown) treats positions differently")
    }
    return try apply(call, keepsZeros: true)
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
