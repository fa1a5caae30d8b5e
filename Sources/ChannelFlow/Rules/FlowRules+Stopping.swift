extension FlowRules {
  static let random = "draws random numbers in the order of all elements"
  static let constants = "computes its output without channels"
  static let subgraphs = "has a graph of its own"
  static let sequences = "holds sequences or optional values, not tensors"
  static let text = "computes with text"
  static let counting = "gives as many results as its values decide"
  static let numbers = "selects positions by numbers"
  static let blocks = "moves channels into positions, or positions into channels"
  static let signals = "mixes all positions of a signal"
  static let matrices = "computes with whole matrices"
  static let loss = "computes a loss over all classes"

  /// Operators of ONNX through which channels are not followed.
  static let stopping: [Row] = [
    Row("Bernoulli", "RandomNormalLike", "RandomUniformLike", entry: .stops(random, StopExtents.same)),
    Row("Multinomial", "RandomNormal", "RandomUniform", entry: .stops(random)),
    Row(
      "BlackmanWindow", "Constant", "HammingWindow", "HannWindow", "MelWeightMatrix", "Range",
      "com.microsoft.Range", entry: .stops(constants)),
    Row("EyeLike", entry: .stops("marks a diagonal", StopExtents.same)),
    Row("If", "Loop", "Scan", "SequenceMap", entry: .stops(subgraphs)),
    Row(
      "ConcatFromSequence", "Optional", "OptionalGetElement", "OptionalHasElement", "SequenceAt",
      "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength",
      "SplitToSequence", entry: .stops(sequences)),
    Row(
      "RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer",
      entry: .stops(text)),
    Row("NonMaxSuppression", "NonZero", "Unique", entry: .stops(counting)),
    Row("TopK", entry: .stops("orders positions by their values", StopExtents.topK)),
    Row("OneHot", entry: .stops("makes positions of numbers", StopExtents.oneHot)),
    Row("GatherElements", entry: .stops(numbers, StopExtents.ofIndices)),
    Row("GatherND", "com.microsoft.GatherND", entry: .stops(numbers, StopExtents.gathered)),
    Row("Scatter", "ScatterElements", "ScatterND", entry: .stops(numbers, StopExtents.same)),
    Row(
      "MaxUnpool", entry: .stops("selects positions by numbers that count all channels", StopExtents.unpooled)
    ),
    Row("DepthToSpace", "SpaceToDepth", entry: .stops(blocks, StopExtents.blocks)),
    Row("Col2Im", entry: .stops(blocks)),
    Row("AffineGrid", entry: .stops("computes positions from matrices", StopExtents.affine)),
    Row("DFT", "STFT", entry: .stops(signals)),
    Row("Det", entry: .stops(matrices, StopExtents.determinants)),
    Row("com.microsoft.Inverse", entry: .stops(matrices, StopExtents.same)),
    Row("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss", entry: .stops(loss, StopExtents.losses)),
    Row(
      "LinearAttention", "com.microsoft.LinearAttention",
      entry: .stops("mixes keys and values in a state", StopExtents.linearAttention)),
  ]
}
