internal import ONNXGraph

/// y = x, mask = true everywhere: dropout in a network that is not being trained
///
/// x: floats of any shape → y: as x; mask: BOOL (before version 10 x's type). Training with a ratio above 0 is random
/// and refused. Source: ONNX `Dropout`, versions 6, 7, 10, 12, 13, 22.
enum Dropout: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let ratio = call.opset >= 12 ? try call.scalar(1) ?? 0.5 : try call.float("ratio") ?? 0.5
    let isTraining =
      call.opset >= 12 ? try call.boolean(2) ?? false : call.opset < 7 ? try call.int("is_test") == 0 : false
    guard !isTraining || ratio == 0 else {
      throw .unsupported("a network that is not being trained", found: "training with a ratio of \(ratio)")
    }
    guard call.wants(1) else { return [x] }
    let one = try call.make(.bool, [])
    one.values(UInt8.self)[0] = 1
    let mask = try call.make(.bool, x.shape)
    try StridedCopy.fill(mask, with: one)
    return [x, call.opset >= 10 ? mask : try Casting.cast(call, mask, to: x.type)]
  }
}
