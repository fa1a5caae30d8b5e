internal import ONNXGraph

/// Every supported operator of ONNX's own domain, one on each line; those of other domains are in extensions.
package enum OperatorRegistry {
  private static let onnx: [any Operator.Type] = [
    Abs.self,
    Add.self,
    And.self,
    ArgMax.self,
    ArgMin.self,
    AveragePool.self,
    BatchNormalization.self,
    Cast.self,
    CastLike.self,
    Ceil.self,
    Clip.self,
    Concat.self,
    Constant.self,
    ConstantOfShape.self,
    Conv.self,
    ConvInteger.self,
    ConvTranspose.self,
    Cos.self,
    CumSum.self,
    DepthToSpace.self,
    DequantizeLinear.self,
    Div.self,
    Dropout.self,
    DynamicQuantizeLinear.self,
    Einsum.self,
    Elu.self,
    Equal.self,
    Erf.self,
    Exp.self,
    Expand.self,
    Flatten.self,
    Floor.self,
    GRU.self,
    Gather.self,
    GatherElements.self,
    GatherND.self,
    Gelu.self,
    Gemm.self,
    GlobalAveragePool.self,
    GlobalMaxPool.self,
    Greater.self,
    GreaterOrEqual.self,
    GroupNormalization.self,
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
    MatMul.self,
    MatMulInteger.self,
    Max.self,
    MaxPool.self,
    Mean.self,
    Min.self,
    Mish.self,
    Mod.self,
    Mul.self,
    Neg.self,
    Not.self,
    OneHot.self,
    Or.self,
    PRelu.self,
    Pad.self,
    Pow.self,
    QLinearConv.self,
    QLinearMatMul.self,
    QuantizeLinear.self,
    RMSNormalization.self,
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
    Round.self,
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
    Unsqueeze.self,
    Upsample.self,
    Where.self,
    Xor.self,
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
