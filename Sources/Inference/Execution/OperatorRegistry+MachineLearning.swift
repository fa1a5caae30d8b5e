extension OperatorRegistry {
  /// The supported operators of `ai.onnx.ml`, one on each line.
  static let machineLearning: [any Operator.Type] = [
    ArrayFeatureExtractor.self,
    Binarizer.self,
    CastMap.self,
    CategoryMapper.self,
    DictVectorizer.self,
    FeatureVectorizer.self,
    Imputer.self,
    LabelEncoder.self,
    LinearClassifier.self,
    LinearRegressor.self,
    Normalizer.self,
    OneHotEncoder.self,
    SVMClassifier.self,
    SVMRegressor.self,
    Scaler.self,
    TreeEnsemble.self,
    TreeEnsembleClassifier.self,
    TreeEnsembleRegressor.self,
    ZipMap.self,
  ]
}
