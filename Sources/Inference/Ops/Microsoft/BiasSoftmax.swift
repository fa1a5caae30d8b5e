/// y = softmax(x + bias) over `axis` (1) and all axes after it
///
/// x: floats, [a.., b.., c..], with c.. from `axis` on. bias: [a.., 1.., c..] if `is_inner_broadcast`, otherwise it lacks
/// or repeats leading axes; both broadcast → y: as x. ONNX Runtime has no kernel of it for CPUs, so this follows its text
/// alone. Source: ONNX Runtime `BiasSoftmax`, version 1.
enum BiasSoftmax: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let axis = try call.axis(try call.int("axis") ?? 1, rank: x.rank)
    let sum = try Elementwise.binary(Add.self, call, x, try call.input(1))
    guard sum.shape == x.shape else {
      throw call.wrong(1, "a shape that broadcasts to \(shapeText(x.shape))", found: shapeText(sum.shape))
    }
    return [
      try Lines.map(call, sum, extent: x.shape[axis...].product, inner: 1) { Softmax.normalise(&$0) }
    ]
  }
}
