internal import ONNXGraph

/// y[n, k, i] = b[k] + Σ_{c, o, t: o·stride − pad + t·dilation = i} w[c, k, t] · x[n, c, o], for c in the group of k
///
/// x: floats, [N, C, in…]; w: [C, K/groups, kernel…]; b: [K] → y: [N, K, out…], out = (in − 1)·stride + output_padding +
/// (kernel − 1)·dilation + 1 − pads, or `output_shape`, or in · stride with `auto_pad`. Source: ONNX `ConvTranspose`,
/// versions 1, 11, 22.
enum ConvTranspose: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let w = try call.input(1, type: x.type)
    guard x.rank >= 3, w.rank == x.rank, w.shape[0] == x.shape[1] else {
      throw call.wrong(1, "[\(x.rank > 1 ? x.shape[1] : 0), K/groups, …]", found: shapeText(w.shape))
    }
    let groups = try call.int("group") ?? 1
    guard groups >= 1, groups <= max(1, x.shape[1]), x.shape[1] % groups == 0 else {
      throw OperatorError(
        "a divisor of \(x.shape[1]) channels", found: "\(groups)", subject: "attribute 'group'")
    }
    let attributes = try WindowAttributes(call, kernel: Array(w.shape[2...]))
    let windows = try TransposedWindows(call, attributes).windows(Array(x.shape[2...]))
    let outputs = w.shape[1] * groups
    let bias = call.optional(2)
    try ConvolutionCall.check(bias, of: outputs, x.type, call, 2)
    let y = try call.make(x.type, [x.shape[0], outputs] + windows.input)
    if y.count == 0 { return [y] }
    // Without input channels, the windows are still listed, once for each plane of y.
    try call.budget.spend(
      product: x.shape[0], outputs, windows.output.product, max(1, x.shape[1] / groups),
      attributes.kernel.product)
    let convolution = Convolution(x: x, w: w, bias: bias, y: y, windows: windows, groups: groups)
    try windows.listing(call, parts: x.shape[0] * outputs) { () throws(OperatorError) in
      try call.backend.convolveTransposed(convolution)
    }
    return [y]
  }
}
