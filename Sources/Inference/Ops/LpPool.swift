internal import ONNXGraph

/// y[n, c, o] = (Σ_t |x[n, c, o·stride − pad + t·dilation]|ᵖ)^(1/p) over t, the positions in the window
///
/// x: floats, [N, C, in…]; p: 1 or more (2) → y: [N, C, out…]; padding adds nothing. Source: ONNX `LpPool`, versions 1,
/// 2, 11, 18 (dilations, ceil_mode), 22.
enum LpPool: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let (x, windows) = try PoolingCall.windows(call)
    guard x.type.isFloat else { throw call.wrong(0, "floating-point elements", found: x.type.name) }
    let y = try call.make(x.type, [x.shape[0], x.shape[1]] + windows.output)
    let kind = Pooling.Kind.norm(p: try PoolingCall.power(call))
    try PoolingCall.run(call, Pooling(x: x, y: y, windows: windows, kind: kind))
    return [y]
  }
}
