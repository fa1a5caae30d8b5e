/// y = the greatest x along `axes`; without elements: −∞, or the least integer of the type
///
/// x: numbers of any kind or, since version 20, booleans. axes: an attribute before version 18, an input since then; by
/// default all axes. y: x's shape, with extent 1 for these axes; with `keepdims` 0 (default: 1), without them. Source:
/// ONNX `ReduceMax`, versions 1, 11, 12, 13, 18, 20.
enum ReduceMax: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let least = x.type.integerLimits.map { Int64(clamping: $0.lowerBound) } ?? .min
    return try Reduction.evaluate(
      call, axesInputSince: 18, Reduction.Rules(Max.self, floats: -.infinity, signed: least, unsigned: 0))
  }
}
