internal import ONNXGraph

/// Mᵢ[label c] = x[i, c]: a map for each row of x
///
/// x: FLOAT, [n, C] or [C]; one of `classlabels_int64s` and `classlabels_strings`: C labels → M: a sequence of n maps; of
/// equal labels, the last counts, as in ONNX Runtime. Source: ONNX `ai.onnx.ml.ZipMap`, version 1.
enum ZipMap: MachineLearningOperator, ValueOperator {
  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] {
    let x = try call.input(0, type: .float)
    guard x.rank == 1 || x.rank == 2 else {
      throw call.wrong(0, "one or two dimensions", found: shapeText(x.shape))
    }
    let (count, order) = try call.mapOrder(numbers: "classlabels_int64s", texts: "classlabels_strings")
    let width = x.shape[x.rank - 1]
    guard count == width else {
      throw call.wrong(0, "\(count) columns, as there are labels", found: "\(width)")
    }
    let rowCount = x.rank == 1 ? 1 : x.shape[0]
    try call.budget.spend(rowCount, order.places.count + TensorSequence.copyCost)
    // The list of rows, until the sequence counts it.
    try call.budget.take(bytes: rowCount * RunBudget.referenceBytes)
    defer { call.budget.release(bytes: rowCount * RunBudget.referenceBytes) }
    let from = x.values(Float.self)
    var rows: [Tensor] = []
    for number in 0..<rowCount {
      let row = try call.make(.float, [order.places.count])
      for (target, place) in order.places.enumerated() {
        row.values(Float.self)[target] = from[number * width + place]
      }
      rows.append(row)
    }
    return [.maps(keys: order.keys, rows: try TensorSequence(.float, rows, call.budget))]
  }
}

extension OperatorCall {
  /// The keys in one of two attributes, and their number before equal keys were joined.
  func mapOrder(
    numbers: String, texts: String
  ) throws(OperatorError) -> (count: Int, order: MapOrder) {
    switch (try ints(numbers), try strings(texts)) {
    case (let keys?, nil): return (keys.count, try MapOrder(numbers: keys.map { Int64($0) }, budget))
    case (nil, let keys?): return (keys.count, try MapOrder(texts: keys, run.strings, budget))
    case (nil, nil): throw OperatorError("one of '\(numbers)' and '\(texts)'", found: "neither")
    default: throw OperatorError("one of '\(numbers)' and '\(texts)'", found: "both")
    }
  }
}
