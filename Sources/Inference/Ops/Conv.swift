internal import ONNXGraph

/// y[n, k, o] = b[k] + Σ_{c, t} w[k, c, t] · x[n, g(k)·C/groups + c, o·stride − pad + t·dilation]
///
/// x: floats, [N, C, in…]; w: [K, C/groups, kernel…]; b: [K] → y: [N, K, out…], out = ⌊(in + pads − (kernel −
/// 1)·dilation − 1) / stride⌋ + 1, or by `auto_pad`; any number of spatial dimensions. Source: ONNX `Conv`, versions 1,
/// 11, 22.
enum Conv: Operator {
  static var storedInputs: ClosedRange<Int>? { 1...1 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.type.isFloat else { throw call.wrong(0, "floating-point elements", found: x.type.name) }
    return [
      try ConvolutionCall.run(
        call, x, try call.input(1, type: x.type), bias: call.optional(2), inputs: (1, 2),
        weightsStay: call.isConstant(1))
    ]
  }
}
