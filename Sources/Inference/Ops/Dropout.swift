internal import ONNXGraph

/// y = x · mask / (1 − ratio), where mask is false with probability `ratio` (0.5); in a network that is not being
/// trained, y = x and mask = true everywhere
///
/// x: floats of any shape → y: as x; mask: BOOL (before version 10 x's type). A network is trained if the input
/// `training_mode` (version 12) is true or if the attribute `is_test` is 0; it is absent in models for inference, so
/// its default of 0 is ignored. The random numbers are those of `RandomStream`, not those of NumPy or ONNX Runtime.
/// Source: ONNX `Dropout`, versions 1, 6, 7, 10, 12, 13, 22.
enum Dropout: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let isTraining =
      call.opset >= 12 ? try call.boolean(2) ?? false : call.opset < 7 ? try call.int("is_test") == 0 : false
    let ratio = call.opset >= 12 ? try call.scalar(1) ?? 0.5 : try call.float("ratio") ?? 0.5
    var y = x
    let mask: Tensor
    if isTraining, ratio != 0 {
      guard ratio > 0, ratio < 1 else { throw OperatorError("a ratio of 0 to below 1", found: "\(ratio)") }
      mask = try RandomTensors.choices(call, x.shape) { _ in 1 - ratio }
      y = try x.type.visitFloats(Keep(call: call, x: x, mask: mask, factor: 1 / (1 - ratio)))
    } else {
      guard call.wants(1) else { return [x] }
      let one = try call.make(.bool, [])
      one.values(UInt8.self)[0] = 1
      mask = try call.make(.bool, x.shape)
      try StridedCopy.fill(mask, with: one)
    }
    return [y, call.opset >= 10 ? mask : try Casting.cast(call, mask, to: x.type)]
  }

  /// x · factor where the mask is true, else 0.
  private struct Keep: FloatVisitor {
    let call: OperatorCall
    let x: Tensor
    let mask: Tensor
    let factor: Double

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> Tensor where T.Wide == Double {
      let y = try call.make(x.type, x.shape)
      let (from, keeps, to) = (x.values(T.self), mask.values(UInt8.self), y.values(T.self))
      for index in 0..<x.count { to[index] = T(narrowing: keeps[index] == 0 ? 0 : from[index].wide * factor) }
      return y
    }
  }
}
