internal import ONNXGraph

/// z[.., j] = x[.., indices[j]]
///
/// x: any type, [a.., n]; indices: INT64 of any shape, taken in C order → z: [a.., k]; [1, k] if x is a vector. Source:
/// ONNX `ArrayFeatureExtractor`, ai.onnx.ml version 1.
enum ArrayFeatureExtractor: MachineLearningOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard let extent = x.shape.last else { throw call.wrong(0, "a dimension", found: "none") }
    let indices = try Indices(call, 1, extent: extent)
    let outer = x.rank == 1 ? [1] : x.shape.dropLast()
    return [try Gather.gathered(call, x, axis: x.rank - 1, indices).reshaped(outer + [indices.count])]
  }
}
