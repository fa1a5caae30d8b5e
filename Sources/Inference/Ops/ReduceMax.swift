/// y = the greatest x along `axes` (all); without elements −∞, or the type's least integer
///
/// x: numbers of any kind, since version 20 booleans; axes: an attribute before version 18, then an input → y: x's shape
/// with 1 for the axes, or without them (`keepdims`: 1). Source: ONNX `ReduceMax`, versions 1, 11, 12, 13, 18, 20.
enum ReduceMax: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let least = x.type.integerLimits.map { Int64(clamping: $0.lowerBound) } ?? .min
    return try Reduction.evaluate(
      call, axesInputSince: 18, Reduction.Rules(Max.self, floats: -.infinity, signed: least, unsigned: 0))
  }
}
