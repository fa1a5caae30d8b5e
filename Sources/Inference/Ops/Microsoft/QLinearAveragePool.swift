internal import ONNXGraph

/// y = saturate(round(m / y_scale + y_zero_point)), where m is the mean of (x − x_zero_point) · x_scale in each window
///
/// x: I8 or U8, [N, C, in…], or with `channels_last` [N, in…, C]; scales (F32) and zero points (0): one element → y: [N, C,
/// out…] or [N, out…, C]. Windows and padding as in `AveragePool`. Source: com.microsoft `QLinearAveragePool`, version 1.
enum QLinearAveragePool: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.bytes(0)
    guard let kernel = try call.ints("kernel_shape") else {
      throw call.wrongAttribute("kernel_shape", "a kernel")
    }
    let isLast = try call.flag("channels_last")
    var real = try call.quantisation(1, 2, of: x.type).real(call, x, as: .float)
    let axes = Array(x.shape.indices)
    if isLast, x.rank > 2 {
      real = try Transpose.transposed(call, real, [0, x.rank - 1] + axes[1..<(x.rank - 1)])
    }
    var mean = try AveragePool.mean(call, real, kernel: kernel)
    if isLast { mean = try Transpose.transposed(call, mean, [0] + axes[2...] + [1]) }
    return [try call.quantisation(3, 4, of: x.type).quantised(call, mean, as: x.type, roundsLast: true)]
  }
}
