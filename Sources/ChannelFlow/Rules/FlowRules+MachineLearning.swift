extension FlowRules {
  static let attributes = "has weights in attributes, which a plan cannot cut"
  static let maps = "computes with maps"

  /// Operators of `ai.onnx.ml`.
  static let machineLearning: [Row] = [
    Row("ai.onnx.ml.Binarizer", entry: unary),
    Row(
      "ai.onnx.ml.Imputer", "ai.onnx.ml.Scaler",
      entry: .follows("maps single elements; numbers for each feature stay whole", NormRule.features)),
    Row("ai.onnx.ml.Normalizer", entry: .follows(alongAxis, NormRule.rows)),
    Row("ai.onnx.ml.ArrayFeatureExtractor", entry: .stops(numbers)),
    Row("ai.onnx.ml.CastMap", "ai.onnx.ml.DictVectorizer", "ai.onnx.ml.ZipMap", entry: .stops(maps)),
    Row(
      "ai.onnx.ml.CategoryMapper", "ai.onnx.ml.LabelEncoder",
      entry: .stops("looks up names and numbers", StopExtents.same)),
    Row("ai.onnx.ml.FeatureVectorizer", entry: .stops("puts features of several types side by side")),
    Row("ai.onnx.ml.OneHotEncoder", entry: .stops("makes positions of numbers")),
    Row(
      "ai.onnx.ml.LinearClassifier", "ai.onnx.ml.LinearRegressor", "ai.onnx.ml.SVMClassifier",
      "ai.onnx.ml.SVMRegressor", "ai.onnx.ml.TreeEnsemble", "ai.onnx.ml.TreeEnsembleClassifier",
      "ai.onnx.ml.TreeEnsembleRegressor", entry: .stops(attributes)),
  ]
}
