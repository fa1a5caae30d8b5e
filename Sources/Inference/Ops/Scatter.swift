/// The first form of `ScatterElements`, which replaces it since version 11.
///
/// Inputs, `axis` and output: as there. Source: ONNX `Scatter`, versions 9, 11 (deprecated).
enum Scatter: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try ScatterElements.evaluate(call)
  }
}
