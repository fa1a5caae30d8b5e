/// ONNX's `Trilu`, for models of operator sets before 14. Source: ONNX Runtime `Trilu`, version 1.
enum MicrosoftTrilu: MicrosoftOperator {
  static var name: String { "Trilu" }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Trilu.evaluate(call.following(opset: 14))
  }
}
