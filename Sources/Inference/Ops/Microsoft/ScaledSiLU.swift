/// y = z / (1 + e⁻ᶻ) for z = scale · x; z, the sigmoid and y are each rounded to the type of x
///
/// x: floats of any shape; scale: one float of any type; without it, scale is `alpha` (1) → y: as x. Source: ONNX Runtime
/// `ScaledSiLU`, version 1.
enum ScaledSiLU: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let alpha = try call.float("alpha") ?? 1
    let scale = try call.scalar(1) ?? alpha
    let z = try Elementwise.map(call) { scale * $0 }[0]
    return [try Elementwise.binary(Mul.self, call, z, try Elementwise.map(call, z, Sigmoid.value))]
  }
}
