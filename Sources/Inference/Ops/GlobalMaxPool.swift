/// y[n, c] = the greatest of all x[n, c, …]
///
/// x: floats, [N, C, in…] → y: [N, C, 1…]. Source: ONNX `GlobalMaxPool`, versions 1, 22.
enum GlobalMaxPool: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.rank >= 2 else { throw call.wrong(0, "two dimensions or more", found: shapeText(x.shape)) }
    let greatest = Reduction.Rules(Max.self, floats: -.infinity, signed: .min, unsigned: 0)
    return [try Reduction.reduced(call, x, Array(2..<x.rank), keeps: true, greatest)]
  }
}
