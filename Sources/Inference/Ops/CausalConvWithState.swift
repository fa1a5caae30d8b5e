internal import ONNXGraph

/// y[n, c, i] = f(b[c] + Σ_t w[c, 0, t] · z[n, c, i + t]), where z is the past state followed by x
///
/// x: floats, [N, C, L]; w: [C, 1, k]; b: [C]; past: [N, C, k − 1] (0); f: `activation`, "none", or "silu" or "swish"
/// for x / (1 + e⁻ˣ) → y: as x; present: the last k − 1 positions of z. Source: ONNX `CausalConvWithState`, version 27.
enum CausalConvWithState: Operator {
  static var since: Int { 27 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try results(call, dilation: 1)
  }

  /// With a dilation d, y uses z at i + t · d, and the states have (k − 1) · d positions.
  static func results(_ call: OperatorCall, dilation: Int) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0, rank: 3)
    let w = try call.input(1, type: x.type)
    let channels = x.shape[1]
    guard w.rank == 3, w.shape[0] == channels, w.shape[1] == 1, w.shape[2] >= 1 else {
      throw call.wrong(1, "[\(channels), 1, k] with k of 1 or more", found: shapeText(w.shape))
    }
    let isSwish = try call.word("activation", ["none", "silu", "swish"], default: "none") != "none"
    let kernel = w.shape[2]
    let limit = WindowAttributes.limit
    guard 1...limit ~= dilation, kernel - 1 <= limit / dilation, x.shape[2] <= limit else {
      throw OperatorError(
        "a kernel, a dilation and a length of at most \(limit)",
        found: "\(kernel), \(dilation), \(x.shape[2])")
    }
    let stateShape = [x.shape[0], channels, (kernel - 1) * dilation]
    let past = try call.optional(3, stateShape, zerosOf: x.type)
    let bias = call.optional(2)
    if let bias, bias.shape != [channels] || bias.type != x.type {
      throw call.wrong(
        2, "[\(channels)] of \(x.type.name)", found: "\(bias.type.name) \(shapeText(bias.shape))")
    }
    let z = try Concat.joined(call, [past, x], axis: 2)
    let windows = Windows(
      input: [z.shape[2]], kernel: [kernel], strides: [1], dilations: [dilation], padsBegin: [0],
      padsEnd: [0], output: [x.shape[2]])
    let y = try call.make(x.type, x.shape)
    try call.budget.spend(product: y.count, kernel)
    try call.backend.convolve(
      Convolution(
        x: z, w: w, bias: bias, y: y, windows: windows, groups: max(1, channels),
        weightsStay: call.isConstant(1)))
    let present = try StridedCopy.gathered(
      call, z, shape: stateShape, offset: x.shape[2], strides: Layout.strides(z.shape))
    return [isSwish ? try Elementwise.map(call, y) { Swish.value($0) } : y, present]
  }
}
