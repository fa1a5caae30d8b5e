internal import Inference
internal import ONNXGraph

/// How an operator passes its inputs' labels to its outputs.
///
/// A rule gives the outputs' extents and labels. For a sub-network it also changes the extents in the dense node's
/// attributes and constants. `FlowWalk` compares inputs with outputs after each rule. It stops every label that the
/// rule neither passed on, nor ended, nor left out. An operator without a rule passes nothing on.
typealias FlowRule = @Sendable (FlowCall) throws(FlowError) -> [FlowValue]

enum FlowRules {
  static func rule(for node: Node) -> FlowRule? {
    guard node.domain.isEmpty else { return nil }
    if UnaryRule.operations.contains(node.operation) { return UnaryRule.apply }
    if WholeRule.operations.contains(node.operation) { return WholeRule.apply }
    if ElementwiseRule.operations.contains(node.operation) { return ElementwiseRule.apply }
    return table[node.operation]
  }

  static let table: [String: FlowRule] = [
    "Conv": ConvolutionRule.convolution, "ConvTranspose": ConvolutionRule.transposed,
    "MatMul": ProductRule.matMul, "Gemm": ProductRule.gemm,
    "BatchNormalization": NormRule.batch, "InstanceNormalization": NormRule.instance,
    "LayerNormalization": NormRule.layer, "RMSNormalization": NormRule.layer,
    "GroupNormalization": NormRule.group, "LRN": NormRule.response,
    "Softmax": NormRule.softmax, "LogSoftmax": NormRule.softmax,
    "MaxPool": PoolingRule.windows, "AveragePool": PoolingRule.windows,
    "GlobalAveragePool": PoolingRule.global, "GlobalMaxPool": PoolingRule.global,
    "Concat": PartsRule.concat, "Split": PartsRule.split, "Slice": PartsRule.slice, "Pad": PartsRule.pad,
    "Gather": LookupRule.gather,
    "Reshape": ReshapeRule.reshape, "Flatten": ReshapeRule.flatten, "Transpose": ReshapeRule.transpose,
    "Squeeze": ReshapeRule.squeeze, "Unsqueeze": ReshapeRule.unsqueeze, "Expand": ExtentRule.expand,
    "Tile": ExtentRule.tile, "Resize": ExtentRule.resize, "Upsample": ExtentRule.resize,
    "Shape": ExtentRule.shape, "Size": ExtentRule.shape, "ConstantOfShape": ExtentRule.constantOfShape,
    "ReduceSum": ReductionRule.sum, "ReduceMean": ReductionRule.mixing, "ReduceMax": ReductionRule.mixing,
    "ReduceMin": ReductionRule.mixing, "ReduceProd": ReductionRule.mixing, "ReduceL1": ReductionRule.mixing,
    "ReduceL2": ReductionRule.mixing, "ReduceSumSquare": ReductionRule.mixing,
    "ArgMax": ReductionRule.argument, "ArgMin": ReductionRule.argument,
    "Einsum": EinsumRule.apply, "LSTM": RecurrenceRule.lstm, "GRU": RecurrenceRule.gru,
  ]
}
