internal import ONNXGraph

/// y[n, c] = the mean of all x[n, c, …]
///
/// x: floats, [N, C, in…] → y: [N, C, 1…]. Source: ONNX `GlobalAveragePool`, versions 1, 22.
enum GlobalAveragePool: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.rank >= 2 else { throw call.wrong(0, "two dimensions or more", found: shapeText(x.shape)) }
    if x.type.isFloat, x.rank > 2, x.count > 0, x.shape.allSatisfy({ $0 <= WindowAttributes.limit }) {
      // One window over all pixels.
      let spatial = Array(x.shape[2...])
      let (ones, zeros) = (spatial.map { _ in 1 }, spatial.map { _ in 0 })
      let windows = Windows(
        input: spatial, kernel: spatial, strides: ones, dilations: ones, padsBegin: zeros, padsEnd: zeros,
        output: ones)
      let y = try call.make(x.type, Array(x.shape[..<2]) + ones)
      try PoolingCall.run(call, Pooling(x: x, y: y, windows: windows, kind: .mean(countsPadding: false)))
      return [y]
    }
    let mean = Reduction.Rules(sumOf: { $0 }) { $0 / Double($1) }
    return [try Reduction.reduced(call, x, Array(2..<x.rank), keeps: true, mean)]
  }
}
