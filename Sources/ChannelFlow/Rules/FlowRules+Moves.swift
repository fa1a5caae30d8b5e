extension FlowRules {
  static let padding = "keeps channels; zeros may be put beside them"

  /// Operators of ONNX that move elements, or compute extents.
  static let moves: [Row] = [
    Row("Concat", entry: .follows("puts channels side by side", PartsRule.concat)),
    Row("Split", entry: .follows("divides channels among its outputs", PartsRule.split)),
    Row("Slice", entry: .follows("selects channels by constant positions", PartsRule.slice)),
    Row("Pad", "com.microsoft.Pad", entry: .follows(padding, PartsRule.pad)),
    Row("Gather", entry: .follows("selects channels by constant positions", LookupRule.gather)),
    Row(
      "Compress", entry: .follows("selects positions of one axis; other axes continue", PartsRule.compress)),
    Row(
      "CenterCropPad",
      entry: .follows("changes the extents of some axes; other axes continue", ExtentRule.centre)),
    Row(
      "ReverseSequence",
      entry: .follows("moves positions of time for each sample; other axes continue", NormRule.reverse)),
    Row(
      "TensorScatter",
      entry: .follows("writes positions of one axis for each sample; other axes continue", NormRule.scatter)),
    Row("Reshape", entry: .follows("keeps elements in order", ReshapeRule.reshape)),
    Row("Flatten", entry: .follows("keeps elements in order", ReshapeRule.flatten)),
    Row("Transpose", entry: .follows("exchanges axes", ReshapeRule.transpose)),
    Row("Squeeze", entry: .follows("removes axes of one position", ReshapeRule.squeeze)),
    Row("Unsqueeze", entry: .follows("adds axes of one position", ReshapeRule.unsqueeze)),
    Row("com.microsoft.ExpandDims", entry: .follows("adds an axis of one position", ReshapeRule.expandDims)),
    Row("Expand", entry: .follows("repeats axes of one position", ExtentRule.expand)),
    Row("Tile", entry: .follows("repeats channels", ExtentRule.tile)),
    Row(
      "Resize", "Upsample",
      entry: .follows("changes the extents of some axes; other axes continue", ExtentRule.resize)),
    Row("Shape", "Size", entry: .follows("counts channels", ExtentRule.shape)),
    Row("ConstantOfShape", entry: .follows("makes one number at every position", ExtentRule.constantOfShape)),
  ]
}
