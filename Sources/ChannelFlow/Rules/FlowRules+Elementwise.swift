extension FlowRules {
  static let zeroKeeping = FlowEntry.follows("maps single elements, and zero to zero", UnaryRule.zeroKeeping)
  static let unary = FlowEntry.follows("maps single elements", UnaryRule.plain)
  static let several = FlowEntry.follows("combines elements at the same position", ElementwiseRule.apply)

  /// Operators of ONNX on single elements, or on elements at the same position.
  static let elementwise: [Row] = [
    Row(
      "Abs", "Asin", "Asinh", "Atan", "Atanh", "Cast", "CastLike", "Ceil", "Elu", "Erf", "Floor", "Gelu",
      "HardSwish", "Identity", "IsInf", "IsNaN", "LeakyRelu", "Mish", "Neg", "Relu", "Round", "Selu", "Sign",
      "Sin", "Sinh", "Softsign", "Sqrt", "Tan", "Tanh", "ThresholdedRelu", entry: zeroKeeping),
    Row(
      "Acos", "Acosh", "BitCast", "BitwiseNot", "Celu", "Clip", "Cos", "Cosh", "Exp", "HardSigmoid", "Log",
      "Not", "Reciprocal", "Shrink", "Sigmoid", "Softplus", "Swish", entry: unary),
    Row(
      "Add", "And", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Div", "Equal", "Greater",
      "GreaterOrEqual", "Less", "LessOrEqual", "Max", "Mean", "Min", "Mod", "Mul", "Or", "PRelu", "Pow",
      "Sub", "Sum", "SwiGLU", "Where", "Xor", entry: several),
    Row(
      "Dropout",
      entry: .follows("maps single elements; in training, it draws random numbers", UnaryRule.dropout)),
    Row(
      "Trilu", "com.microsoft.Trilu",
      entry: .follows("follows channels on axes before the last two", UnaryRule.triangle)),
    Row(
      "DequantizeLinear", "QuantizeLinear", "com.microsoft.DequantizeLinear", "com.microsoft.QuantizeLinear",
      entry: .follows(
        "maps single elements; scales for each channel are cut alike", QuantisationRule.linear)),
    Row(
      "DynamicQuantizeLinear",
      entry: .follows(
        "maps single elements; absent channels are zero, which its range always has",
        QuantisationRule.dynamic)),
  ]
}
