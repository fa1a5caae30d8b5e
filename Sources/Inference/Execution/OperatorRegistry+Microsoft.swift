extension OperatorRegistry {
  /// The supported operators of `com.microsoft`, one on each line.
  static let microsoft: [any Operator.Type] = [
    MicrosoftAttention.self,
    BiasGelu.self,
    BiasSoftmax.self,
    EmbedLayerNormalization.self,
    FastGelu.self,
    FusedConv.self,
    FusedGemm.self,
    FusedMatMul.self,
    MicrosoftGelu.self,
    GroupQueryAttention.self,
    Inverse.self,
    MultiHeadAttention.self,
    QuickGelu.self,
    MicrosoftRotaryEmbedding.self,
    SkipLayerNormalization.self,
    SkipSimplifiedLayerNormalization.self,
    TransposeMatMul.self,
  ]
}
