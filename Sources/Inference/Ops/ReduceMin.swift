/// y = the least x along `axes`; without elements: ∞, or the greatest integer of the type
///
/// x: numbers of any kind or, since version 20, booleans. axes: an attribute before version 18, an input since then; by
/// default all axes. y: x's shape, with extent 1 for these axes; with `keepdims` 0 (default: 1), without them. Source:
/// ONNX `ReduceMin`, versions 1, 11, 12, 13, 18, 20.
enum ReduceMin: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let greatest = x.type.integerLimits.map { Int64(clamping: $0.upperBound) } ?? .max
    return try Reduction.evaluate(
      call, axesInputSince: 18, Reduction.Rules(Min.self, floats: .infinity, signed: greatest, unsigned: .max)
    )
  }
}
