/// y[n] = 25/46 − 21/46 · cos(2πn / N)
///
/// N is the size, or with `periodic` 0 (1) the size − 1. size: one INT32 or INT64 → y: `output_datatype` (1: FLOAT),
/// numbers of any kind, [size]. Source: ONNX `HammingWindow`, version 17.
enum HammingWindow: Operator {
  static var since: Int { 17 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try CosineWindow.evaluate(call, [25 / 46, 1 - 25 / 46])
  }
}
