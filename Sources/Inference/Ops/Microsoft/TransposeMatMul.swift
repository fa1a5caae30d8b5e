/// The older name of `FusedMatMul`, without `transBatchA` and `transBatchB`. Source: ONNX Runtime `TransposeMatMul`,
/// version 1.
enum TransposeMatMul: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try FusedMatMul.evaluate(call)
  }
}
