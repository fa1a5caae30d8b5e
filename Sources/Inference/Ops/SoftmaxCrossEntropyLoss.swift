internal import ONNXGraph

/// p = ln softmax(x) along axis 1, loss[n, d…] = −weight[c] · p[n, c, d…] with c = labels[n, d…]; 0 where c is
/// `ignore_index`
///
/// x: floats, [N, C, d…]; labels, weight and `reduction`: as target, weight and `reduction` of
/// `NegativeLogLikelihoodLoss` → loss: as there; p: as x. Source: ONNX `SoftmaxCrossEntropyLoss`, versions 12, 13.
enum SoftmaxCrossEntropyLoss: Operator {
  static var since: Int { 12 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.type.isFloat else { throw call.wrong(0, "floating-point elements", found: x.type.name) }
    let classes = try ClassLoss.classes(call, x)
    let logs = try Lines.map(
      call, try Casting.cast(call, x, to: .double), extent: classes, inner: x.shape[2...].product,
      LogSoftmax.apply)
    let loss = try ClassLoss.evaluate(call, logs, as: x.type)
    return call.wants(1) ? [loss, try Casting.cast(call, logs, to: x.type)] : [loss]
  }
}
