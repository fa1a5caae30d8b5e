extension OperatorRegistry {
  /// The supported operators of `com.microsoft`, one on each line.
  static let microsoft: [any Operator.Type] = [
    MicrosoftDequantizeLinear.self,
    DynamicQuantizeMatMul.self,
    GatherBlockQuantized.self,
    MatMulIntegerToFloat.self,
    MatMulNBits.self,
    QGemm.self,
    QLinearAdd.self,
    QLinearAveragePool.self,
    QLinearConcat.self,
    QLinearGlobalAveragePool.self,
    QLinearLeakyRelu.self,
    QLinearMul.self,
    QLinearSigmoid.self,
    QLinearSoftmax.self,
    MicrosoftQuantizeLinear.self,
  ]
}
