internal import ONNXGraph

/// y = the sum of all inputs, divided by their number
///
/// Inputs: one or more floats; shapes broadcast since version 8 → y: the shape they broadcast to. Source: ONNX `Mean`,
/// versions 1, 6, 8, 13.
enum Mean: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    guard let sum = try Sum.evaluate(call).first else { return [] }
    let count = try call.make(.double, [])
    count.values(Double.self)[0] = Double(call.inputs.count)
    return [try Elementwise.binary(Div.self, call, sum, try Casting.cast(call, count, to: sum.type))]
  }
}
