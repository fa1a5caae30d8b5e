extension OperatorRegistry {
  /// The supported operators of `ai.onnx.ml`, one on each line.
  static let machineLearning: [any Operator.Type] = [
    CastMap.self,
    DictVectorizer.self,
    ZipMap.self,
  ]
}
