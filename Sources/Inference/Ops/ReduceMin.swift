/// y = the least x along `axes` (all); without elements ∞, or the type's greatest integer
///
/// x: numbers of any kind, since version 20 booleans; axes: an attribute before version 18, then an input → y: x's shape
/// with 1 for the axes, or without them (`keepdims`: 1). Source: ONNX `ReduceMin`, versions 1, 11, 12, 13, 18, 20.
enum ReduceMin: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let greatest = x.type.integerLimits.map { Int64(clamping: $0.upperBound) } ?? .max
    return try Reduction.evaluate(
      call, axesInputSince: 18, Reduction.Rules(Min.self, floats: .infinity, signed: greatest, unsigned: .max)
    )
  }
}
