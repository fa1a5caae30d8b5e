internal import Glibc
internal import ONNXGraph

/// y[n, c] = (Σ |x[n, c, …]|ᵖ)^(1/p)
///
/// x: floats, [N, C, in…]; p: 1 or more (2) → y: [N, C, 1…]. Source: ONNX `GlobalLpPool`, versions 1, 2, 22.
enum GlobalLpPool: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.type.isFloat else { throw call.wrong(0, "floating-point elements", found: x.type.name) }
    guard x.rank >= 2 else { throw call.wrong(0, "two dimensions or more", found: shapeText(x.shape)) }
    let p = try PoolingCall.power(call)
    let norm = Reduction.Rules(sumOf: { pow($0.magnitude, p) }) { sum, _ in pow(sum, 1 / p) }
    return [try Reduction.reduced(call, x, Array(2..<x.rank), keeps: true, norm)]
  }
}
