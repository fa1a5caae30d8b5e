extension FlowRules {
  static let convolution = "sums over input channels; output channels are the weight's"
  static let product = "sums over one dimension of both matrices; rows and columns continue"
  static let heads = "computes each head by itself; whole heads are cut"
  static let norm = "mixes the axes that it normalises; other axes continue"
  static let pool = "keeps channels apart"
  static let alongAxis = "mixes the positions of one axis; other axes continue"

  /// Layers of ONNX: convolutions, products, recurrences, attention, norms, pools, reductions.
  static let layers: [Row] = [
    Row("Conv", entry: .follows(convolution, ConvolutionRule.convolution)),
    Row("ConvTranspose", entry: .follows(convolution, ConvolutionRule.transposed)),
    Row("ConvInteger", entry: .follows(convolution, ConvolutionRule.integer)),
    Row("QLinearConv", entry: .follows(convolution, ConvolutionRule.quantised)),
    Row("DeformConv", entry: .follows(convolution, ConvolutionRule.deformable)),
    Row(
      "CausalConvWithState", "com.microsoft.CausalConvWithState",
      entry: .follows("convolves each channel by itself", NormRule.causalConvolution)),
    Row("MatMul", entry: .follows(product, ProductRule.matMul)),
    Row("Gemm", entry: .follows(product, ProductRule.gemm)),
    Row("MatMulInteger", entry: .follows(product, IntegerProductRule.integer)),
    Row("QLinearMatMul", entry: .follows(product, IntegerProductRule.quantised)),
    Row("Einsum", entry: .follows("sums over letters that the result lacks", EinsumRule.apply)),
    Row("LSTM", entry: .follows("cuts hidden channels of all gates alike", RecurrenceRule.lstm)),
    Row("GRU", entry: .follows("cuts hidden channels of all gates alike", RecurrenceRule.gru)),
    Row("RNN", entry: .follows("cuts hidden channels of all weights alike", RecurrenceRule.rnn)),
    Row("Attention", entry: .follows(heads, AttentionRule.attention)),
    Row("RotaryEmbedding", entry: .follows(heads, AttentionRule.rotary)),
    Row("BatchNormalization", entry: .follows("scales each channel by itself", NormRule.batch)),
    Row("InstanceNormalization", entry: .follows("normalises each channel by itself", NormRule.instance)),
    Row(
      "LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization",
      entry: .follows(norm, NormRule.layer)),
    Row("MeanVarianceNormalization", entry: .follows(norm, NormRule.meanVariance)),
    Row("GroupNormalization", entry: .follows(norm, NormRule.group)),
    Row("LRN", entry: .follows(norm, NormRule.response)),
    Row("Softmax", "LogSoftmax", "Hardmax", entry: .follows(alongAxis, NormRule.softmax)),
    Row("LpNormalization", entry: .follows(alongAxis, NormRule.lp)),
    Row("CumSum", "CumProd", entry: .follows(alongAxis, NormRule.cumulative)),
    Row("MaxPool", "AveragePool", "LpPool", entry: .follows(pool, PoolingRule.windows)),
    Row("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", entry: .follows(pool, PoolingRule.global)),
    Row("RoiAlign", "MaxRoiPool", entry: .follows(pool, PoolingRule.regions)),
    Row("GridSample", entry: .follows(pool, PoolingRule.grid)),
    Row("ReduceSum", entry: .follows("sums over axes; other axes continue", ReductionRule.sum)),
    Row(
      "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare",
      entry: .follows("mixes the axes that it reduces; other axes continue", ReductionRule.mixing)),
    Row(
      "ReduceLogSum", "ReduceLogSumExp",
      entry: .follows("mixes the axes that it reduces; other axes continue", ReductionRule.logarithmic)),
    Row(
      "ArgMax", "ArgMin",
      entry: .follows("mixes the axis that it searches; other axes continue", ReductionRule.argument)),
  ]
}
