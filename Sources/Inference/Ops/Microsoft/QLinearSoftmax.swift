internal import ONNXGraph

/// y = saturate(round(p · ⌊1 / y_scale⌋) + y_zero_point), where p is the softmax of x = (X − X_zero_point) · X_scale
///
/// X: I8 or U8; scales (F32) and zero points (0): one element → y: as X. Lines are those of `Softmax` in version `opset`:
/// along `axis` (−1), before version 13 along `axis` (1) and all axes after it. Rounding 1 / y_scale down is ONNX
/// Runtime's. Source: com.microsoft `QLinearSoftmax`, version 1.
enum QLinearSoftmax: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.bytes(0)
    guard let opset = try call.int("opset") else { throw call.wrongAttribute("opset", "a version") }
    let real = try call.quantisation(1, 2, of: x.type).real(call, x, as: .float)
    let p = try Lines.map(call, real, opset: opset, kernel: .softmax) { Softmax.normalise(&$0) }
    let y = try call.quantisation(3, 4, of: x.type)
    let factor = try call.make(.float, [])
    factor.values(Float.self)[0] = (1 / y.scale.values(Float.self)[0]).rounded(.down)
    return [try IntegerProducts.requantised(call, p, by: factor, zero: y.zero, as: x.type)]
  }
}
