extension FlowRules {
  /// Operators of ONNX Runtime that have no counterpart in ONNX.
  static let microsoft: [Row] = [
    Row(
      "com.microsoft.Gelu", "com.microsoft.QLinearLeakyRelu", "com.microsoft.QLinearSigmoid",
      "com.microsoft.QuickGelu", "com.microsoft.ScaledSiLU", entry: unary),
    Row("com.microsoft.BiasGelu", "com.microsoft.FastGelu", "com.microsoft.GatedAdd", entry: several),
    Row(
      "com.microsoft.QLinearAdd", "com.microsoft.QLinearMul",
      entry: .follows("combines elements at the same position", ElementwiseRule.quantised)),
    Row(
      "com.microsoft.QLinearConcat", entry: .follows("puts channels side by side", PartsRule.quantisedConcat)),
    Row("com.microsoft.FusedConv", entry: .follows(convolution, ConvolutionRule.fused)),
    Row("com.microsoft.FusedGemm", entry: .follows(product, ProductRule.fusedGemm)),
    Row(
      "com.microsoft.FusedMatMul", "com.microsoft.TransposeMatMul",
      entry: .follows(product, ProductRule.fusedMatMul)),
    Row("com.microsoft.DynamicQuantizeMatMul", entry: .follows(product, IntegerProductRule.dynamic)),
    Row("com.microsoft.MatMulIntegerToFloat", entry: .follows(product, IntegerProductRule.real)),
    Row("com.microsoft.QGemm", entry: .follows(product, IntegerProductRule.gemm)),
    Row("com.microsoft.Attention", entry: .follows(heads, AttentionRule.projected)),
    Row("com.microsoft.MultiHeadAttention", entry: .follows(heads, AttentionRule.multiHead)),
    Row("com.microsoft.GroupQueryAttention", entry: .follows(heads, AttentionRule.groupQuery)),
    Row("com.microsoft.RotaryEmbedding", entry: .follows(heads, AttentionRule.rotaryOfRuntime)),
    Row(
      "com.microsoft.GatedRMSNorm",
      entry: .follows(
        "normalises each group of channels by itself; whole groups are cut", AttentionRule.gatedNorm)),
    Row(
      "com.microsoft.SkipLayerNormalization", "com.microsoft.SkipSimplifiedLayerNormalization",
      entry: .follows(norm, NormRule.skip)),
    Row("com.microsoft.QLinearSoftmax", entry: .follows(alongAxis, NormRule.quantisedSoftmax)),
    Row("com.microsoft.QLinearAveragePool", entry: .follows(pool, PoolingRule.quantisedWindows)),
    Row("com.microsoft.QLinearGlobalAveragePool", entry: .follows(pool, PoolingRule.quantisedGlobal)),
    Row("com.microsoft.BiasSoftmax", entry: .stops("mixes the positions of several axes", StopExtents.same)),
    Row("com.microsoft.CDist", entry: .stops("measures distances over all channels", StopExtents.distances)),
    Row(
      "com.microsoft.EmbedLayerNormalization",
      entry: .stops("normalises the rows that it looks up", StopExtents.embedded)),
    Row(
      "com.microsoft.GatherBlockQuantized", "com.microsoft.MatMulNBits",
      entry: .stops("has weights that are packed in blocks", StopExtents.packed)),
  ]
}
