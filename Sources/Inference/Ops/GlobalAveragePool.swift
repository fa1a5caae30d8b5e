/// y[n, c] = the mean of all x[n, c, …]
///
/// x: floats, [N, C, in…] → y: [N, C, 1…]. Source: ONNX `GlobalAveragePool`, versions 1, 22.
enum GlobalAveragePool: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.rank >= 2 else { throw call.wrong(0, "two dimensions or more", found: shapeText(x.shape)) }
    let mean = Reduction.Rules(sumOf: { $0 }) { $0 / Double($1) }
    return [try Reduction.reduced(call, x, Array(2..<x.rank), keeps: true, mean)]
  }
}
