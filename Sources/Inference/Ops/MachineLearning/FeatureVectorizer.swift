internal import ONNXGraph

/// y[n] = the inputs' rows n, one after another
///
/// xᵢ: INT32, INT64, FLOAT or DOUBLE, [n, f..], or [f] for one row → y: FLOAT, [n, Σ dᵢ]. dᵢ is `inputdimensions`[i],
/// or the length of xᵢ's rows without the attribute; longer rows are cut, and shorter ones are followed by zeros, as in
/// ONNX Runtime. Source: ONNX `FeatureVectorizer`, ai.onnx.ml version 1.
enum FeatureVectorizer: MachineLearningOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let inputs = try call.all()
    var rows: Int?
    for (index, x) in inputs.enumerated() {
      let count = x.rank == 1 ? 1 : x.shape.first
      guard let count, rows ?? count == count else {
        throw call.wrong(index, "\(rows ?? 1) rows", found: shapeText(x.shape))
      }
      rows = count
      guard [.int32, .int64, .float, .double].contains(x.type) else {
        throw call.wrong(index, "I32, I64, F32 or F64 elements", found: x.type.name)
      }
    }
    let lengths = inputs.map { $0.rank == 1 ? $0.count : $0.shape.dropFirst().product }
    let widths = try call.ints("inputdimensions") ?? lengths
    guard widths.count == inputs.count, widths.allSatisfy({ (0..<1 << 40).contains($0) }) else {
      throw call.wrongAttribute(
        "inputdimensions", "a number of 0 or more for each input", found: "\(widths.count)")
    }
    let (count, width) = (rows ?? 0, widths.reduce(0, +))
    let y = try call.make(.float, [count, width])
    y.values(Float.self).update(repeating: 0)
    var start = 0
    for (index, x) in inputs.enumerated() {
      let floats = try Casting.cast(call, x, to: .float)
      let kept = min(widths[index], lengths[index])
      for row in 0..<count {
        StridedCopy.run(kept, from: floats, at: row * lengths[index], to: y, at: row * width + start)
      }
      start += widths[index]
    }
    return [y]
  }
}
