internal import ONNXGraph

/// y[n, k, o] = b[k] + Σ_{c, t} w[k, c, t] · x[n, g(k)·C/groups + c, o·stride − pad + t·dilation]
///
/// x: floats, [N, C, in…]; w: [K, C/groups, kernel…]; b: [K] → y: [N, K, out…], out = ⌊(in + pads − (kernel −
/// 1)·dilation − 1) / stride⌋ + 1, or by `auto_pad`; any number of spatial dimensions. Source: ONNX `Conv`, versions 1,
/// 11, 22.
enum Conv: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let w = try call.input(1, type: x.type)
    guard x.rank >= 3, w.rank == x.rank else {
      throw call.wrong(1, "the rank of x (\(x.rank)), which is 3 or more", found: shapeText(w.shape))
    }
    let kernel = Array(w.shape[2...])
    if let stated = try call.ints("kernel_shape"), stated != kernel {
      throw OperatorError(
        "w's kernel \(shapeText(kernel))", found: shapeText(stated), subject: "attribute 'kernel_shape'")
    }
    let groups = try call.int("group") ?? 1
    // In two steps, because a product of numbers from a file could overflow.
    guard groups >= 1, groups <= max(1, x.shape[1]), x.shape[1] % groups == 0,
      w.shape[1] == x.shape[1] / groups, w.shape[0] % groups == 0
    else {
      throw call.wrong(
        1, "[K, \(x.shape[1]) / groups, …] with K a multiple of \(groups) groups", found: shapeText(w.shape))
    }
    let bias = call.optional(2)
    if let bias, bias.shape != [w.shape[0]] || bias.type != x.type {
      throw call.wrong(
        2, "[\(w.shape[0])] of \(x.type.name)", found: "\(bias.type.name) \(shapeText(bias.shape))")
    }
    let windows = try WindowAttributes(call, kernel: kernel).windows(Array(x.shape[2...]))
    let y = try call.make(x.type, [x.shape[0], w.shape[0]] + windows.output)
    try call.budget.spend(product: y.count, w.shape[1], kernel.product)
    try call.backend.convolve(
      Convolution(
        x: x, w: w, bias: bias, y: y, windows: windows, groups: groups, weightsStay: call.isConstant(1),
        epilogue: call.takeEpilogue(for: y)))
    return [y]
  }
}
