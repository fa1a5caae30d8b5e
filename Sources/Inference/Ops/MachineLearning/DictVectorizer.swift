internal import ONNXGraph

/// y[0, i] = the value of the i-th key of the vocabulary, or 0 (an empty text) if the map lacks the key
///
/// M: a map with keys of INT64 or STRING and values of any type; one of `int64_vocabulary` and `string_vocabulary`: n
/// keys of M's type → y: M's values' type, [1, n] as in ONNX Runtime; keys outside the vocabulary are ignored, as there.
/// Source: ONNX `ai.onnx.ml.DictVectorizer`, version 1.
enum DictVectorizer: MachineLearningOperator, ValueOperator {
  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] {
    let (keys, values) = try call.map(0)
    let vocabulary: [Int64]
    switch (try call.ints("int64_vocabulary"), try call.strings("string_vocabulary")) {
    case (let words?, nil) where keys.type == .int64: vocabulary = words.map { Int64($0) }
    case (nil, let words?) where keys.type == .string:
      var numbers: [Int64] = []
      for word in words { numbers.append(try call.run.strings.number(of: word)) }
      vocabulary = numbers
    default: throw call.wrong(0, "keys of the type of the one vocabulary", found: keys.type.name)
    }
    let places = Dictionary(
      zip(keys.values(Int64.self).prefix(keys.count), 0...), uniquingKeysWith: { first, _ in first })
    let y = try call.zeros(values.type, [1, vocabulary.count])
    for (target, key) in vocabulary.enumerated() {
      if let place = places[key] { StridedCopy.run(1, from: values, at: place, to: y, at: target) }
    }
    return [.tensor(y)]
  }
}

extension OperatorCall {
  /// A required input that is a map.
  func map(_ index: Int) throws(OperatorError) -> (keys: Tensor, values: Tensor) {
    let value = try required(index)
    guard case .map(let keys, let values) = value else { throw wrong(index, "a map", found: value.words) }
    return (keys, values)
  }
}
