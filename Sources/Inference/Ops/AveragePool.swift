internal import ONNXGraph

/// y[n, c, o] = the mean of x[n, c, o·stride − pad + t·dilation] over t, the positions in the window
///
/// x: floats, [N, C, in…] → y: [N, C, out…]; padding is left out of the mean, or with `count_include_pad` counts as
/// zeros. Source: ONNX `AveragePool`, versions 1, 7, 10, 11, 19, 22.
enum AveragePool: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    guard let kernel = try call.ints("kernel_shape") else {
      throw call.wrongAttribute("kernel_shape", "a kernel")
    }
    let x = try call.input(0)
    guard x.type.isFloat else { throw call.wrong(0, "floating-point elements", found: x.type.name) }
    return [try mean(call, x, kernel: kernel)]
  }

  /// The means of a tensor of floats that need not be an input.
  static func mean(_ call: OperatorCall, _ x: Tensor, kernel: [Int]) throws(OperatorError) -> Tensor {
    let windows = try PoolingCall.windows(call, x, kernel: kernel)
    let y = try call.make(x.type, [x.shape[0], x.shape[1]] + windows.output)
    let kind = Pooling.Kind.mean(countsPadding: try call.flag("count_include_pad"))
    try PoolingCall.run(call, Pooling(x: x, y: y, windows: windows, kind: kind))
    return y
  }
}
