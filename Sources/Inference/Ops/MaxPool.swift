internal import ONNXGraph

/// y[n, c, o] = the greatest x[n, c, o·stride − pad + t·dilation] of the window, and its place
///
/// x: numbers, [N, C, in…] → y: [N, C, out…], padding never counts; indices: INT64, places in all of x, with
/// `storage_order` 1 as if the first spatial axis ran fastest. Source: ONNX `MaxPool`, versions 1, 8, 10, 11, 12, 22.
enum MaxPool: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    guard let kernel = try call.ints("kernel_shape") else {
      throw call.wrongAttribute("kernel_shape", "a kernel")
    }
    let (x, windows) = try PoolingCall.windows(call, kernel: kernel)
    let y = try call.make(x.type, [x.shape[0], x.shape[1]] + windows.output)
    let indices = call.wants(1) ? try call.make(.int64, y.shape) : nil
    let kind = Pooling.Kind.greatest(indices: indices, isColumnMajor: try call.flag("storage_order"))
    try PoolingCall.run(call, Pooling(x: x, y: y, windows: windows, kind: kind))
    return [y] + (indices.map { [$0] } ?? [])
  }
}
