internal import ONNXGraph

/// loss[n, d…] = −weight[c] · x[n, c, d…] with c = target[n, d…]; 0 where c is `ignore_index`
///
/// x: floats, [N, C, d…], the logarithms of probabilities; target: INT32 or INT64, [N, d…]; weight: [C] (default: ones)
/// → loss: x's type, with `reduction` none the target's shape, else a scalar: the sum, or the mean (default), which
/// divides by the sum of the weights of the targets that are not ignored. Source: ONNX `NegativeLogLikelihoodLoss`,
/// versions 12, 13, 22.
enum NegativeLogLikelihoodLoss: Operator {
  static var since: Int { 12 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.type.isFloat else { throw call.wrong(0, "floating-point elements", found: x.type.name) }
    return [try ClassLoss.evaluate(call, try Casting.cast(call, x, to: .double), as: x.type)]
  }
}
