internal import ONNXGraph

/// Code that the operators of convolution share.
enum ConvolutionCall {
  /// y ← x ⋆ w + bias, with x: [N, C, in…], w: [K, C/groups, kernel…] and bias: [K], all of one type.
  ///
  /// - Parameters:
  ///   - inputs: the numbers of the inputs that w and bias come from, for errors.
  ///   - weightsStay: whether w is a tensor of the model.
  static func run(
    _ call: OperatorCall, _ x: Tensor, _ w: Tensor, bias: Tensor?, inputs: (w: Int, bias: Int),
    weightsStay: Bool = false
  ) throws(OperatorError) -> Tensor {
    guard x.rank >= 3, w.rank == x.rank else {
      throw call.wrong(inputs.w, "the rank of x (\(x.rank)), which is 3 or more", found: shapeText(w.shape))
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
        inputs.w, "[K, \(x.shape[1]) / groups, …] with K a multiple of \(groups) groups",
        found: shapeText(w.shape))
    }
    try check(bias, of: w.shape[0], x.type, call, inputs.bias)
    let windows = try WindowAttributes(call, kernel: kernel).windows(Array(x.shape[2...]))
    let y = try call.make(x.type, [x.shape[0], w.shape[0]] + windows.output)
    // Without samples or outputs there can still be 2³¹ positions, which a backend would visit.
    if y.count == 0 { return y }
    // Without channels, the windows are still listed.
    try call.budget.spend(product: y.count, max(1, w.shape[1]), kernel.product)
    let convolution = Convolution(
      x: x, w: w, bias: bias, y: y, windows: windows, groups: groups, weightsStay: weightsStay,
      epilogue: call.takeEpilogue(for: y))
    try windows.listing(call, parts: windows.output.product) { () throws(OperatorError) in
      try call.backend.convolve(convolution)
    }
    return y
  }

  /// Checks that a bias, if there is one, has one element for each output channel.
  static func check(
    _ bias: Tensor?, of outputs: Int, _ type: ElementType, _ call: OperatorCall, _ input: Int
  ) throws(OperatorError) {
    guard let bias, bias.shape != [outputs] || bias.type != type else { return }
    throw call.wrong(
      input, "[\(outputs)] of \(type.name)", found: "\(bias.type.name) \(shapeText(bias.shape))")
  }
}
