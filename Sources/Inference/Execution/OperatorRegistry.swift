internal import ONNXGraph

/// Every supported operator of ONNX's own domain, one on each line; those of other domains are in extensions.
package enum OperatorRegistry {
  private static let onnx: [any Operator.Type] = [
    Abs.self,
    Add.self,
    AffineGrid.self,
    And.self,
    ArgMax.self,
    ArgMin.self,
    AveragePool.self,
    BatchNormalization.self,
    BlackmanWindow.self,
    Cast.self,
    CastLike.self,
    Ceil.self,
    CenterCropPad.self,
    Clip.self,
    Col2Im.self,
    Compress.self,
    Concat.self,
    Constant.self,
    ConstantOfShape.self,
    Conv.self,
    ConvTranspose.self,
    Cos.self,
    CumSum.self,
    DFT.self,
    DeformConv.self,
    DepthToSpace.self,
    Det.self,
    Div.self,
    Dropout.self,
    Einsum.self,
    Elu.self,
    Equal.self,
    Erf.self,
    Exp.self,
    Expand.self,
    EyeLike.self,
    Flatten.self,
    Floor.self,
    GRU.self,
    Gather.self,
    GatherElements.self,
    GatherND.self,
    Gelu.self,
    Gemm.self,
    GlobalAveragePool.self,
    GlobalLpPool.self,
    GlobalMaxPool.self,
    Greater.self,
    GreaterOrEqual.self,
    GridSample.self,
    GroupNormalization.self,
    HammingWindow.self,
    HannWindow.self,
    HardSigmoid.self,
    HardSwish.self,
    Identity.self,
    If.self,
    InstanceNormalization.self,
    IsInf.self,
    IsNaN.self,
    LRN.self,
    LSTM.self,
    LayerNormalization.self,
    LeakyRelu.self,
    Less.self,
    LessOrEqual.self,
    Log.self,
    LogSoftmax.self,
    Loop.self,
    LpNormalization.self,
    LpPool.self,
    MatMul.self,
    Max.self,
    MaxPool.self,
    MaxRoiPool.self,
    MaxUnpool.self,
    Mean.self,
    MeanVarianceNormalization.self,
    MelWeightMatrix.self,
    Min.self,
    Mish.self,
    Mod.self,
    Mul.self,
    Neg.self,
    NonMaxSuppression.self,
    NonZero.self,
    Not.self,
    OneHot.self,
    Or.self,
    PRelu.self,
    Pad.self,
    Pow.self,
    RMSNormalization.self,
    RNN.self,
    NumberRange.self,
    Reciprocal.self,
    ReduceL1.self,
    ReduceL2.self,
    ReduceMax.self,
    ReduceMean.self,
    ReduceMin.self,
    ReduceProd.self,
    ReduceSum.self,
    ReduceSumSquare.self,
    Relu.self,
    Reshape.self,
    Resize.self,
    ReverseSequence.self,
    RoiAlign.self,
    Round.self,
    STFT.self,
    ScatterElements.self,
    ScatterND.self,
    Selu.self,
    Shape.self,
    Sigmoid.self,
    Sign.self,
    Sin.self,
    Size.self,
    Slice.self,
    Softmax.self,
    Softplus.self,
    Softsign.self,
    SpaceToDepth.self,
    Split.self,
    Sqrt.self,
    Squeeze.self,
    Sub.self,
    Sum.self,
    Tanh.self,
    Tile.self,
    TopK.self,
    Transpose.self,
    Trilu.self,
    Unique.self,
    Unsqueeze.self,
    Upsample.self,
    Where.self,
    Xor.self,
  ]

  /// The operators of ONNX's own domain that will not be supported, each with the reason.
  static let refused = [
    // ONNX leaves the values of lossy formats to the decoder: its own test data allow other values than its text.
    "ImageDecoder": "needs decoders of nine image formats; decode images before the model"
  ]

  private struct ID: Hashable {
    let domain: String
    let name: String
  }

  private static let operators: [ID: any Operator.Type] = Dictionary(
    (onnx + machineLearning + microsoft + [Mask.self]).map { (ID(domain: $0.domain, name: $0.name), $0) },
    uniquingKeysWith: { first, _ in first })

  /// The operator of a node; nil if it is not supported.
  static func known(_ node: Node) -> (any Operator.Type)? {
    operators[ID(domain: node.domain, name: node.operation)]
  }

  /// The domain of our own operators, which no file contains.
  package static let ownDomain = "tessera"

  /// The names of all operators that files can contain, sorted; outside ONNX's own domain, the domain and a dot are
  /// in front.
  package static var names: [String] {
    operators.keys.filter { $0.domain != ownDomain }
      .map { $0.domain.isEmpty ? $0.name : "\($0.domain).\($0.name)" }.sorted()
  }
}
