/// y[n] = 0.42 − 0.5 · cos(2πn / N) + 0.08 · cos(4πn / N)
///
/// N is the size, or with `periodic` 0 (1) the size − 1. size: one INT32 or INT64 → y: `output_datatype` (1: FLOAT),
/// numbers of any kind, [size]. Source: ONNX `BlackmanWindow`, version 17.
enum BlackmanWindow: Operator {
  static var since: Int { 17 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try CosineWindow.evaluate(call, [0.42, 0.5, 0.08])
  }
}
