internal import ONNXGraph

/// y[n, c, o] = the greatest x[n, c, o·stride − pad + t·dilation] in the window, and its position
///
/// x: numbers, [N, C, in…] → y: [N, C, out…], padding ignored; indices: INT64, flat positions in x, which with
/// `storage_order` 1 are counted with the first spatial axis fastest. Source: ONNX `MaxPool`, versions 1, 8, 10, 11,
/// 12, 22.
enum MaxPool: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    guard let kernel = try call.ints("kernel_shape") else {
      throw call.wrongAttribute("kernel_shape", "a kernel")
    }
    let x = try call.input(0)
    let windows = try PoolingCall.windows(call, x, kernel: kernel)
    let y = try call.make(x.type, [x.shape[0], x.shape[1]] + windows.output)
    let indices = call.wants(1) ? try call.make(.int64, y.shape) : nil
    let kind = Pooling.Kind.greatest(indices: indices, isColumnMajor: try call.flag("storage_order"))
    try PoolingCall.run(call, Pooling(x: x, y: y, windows: windows, kind: kind))
    return [y] + (indices.map { [$0] } ?? [])
  }
}
