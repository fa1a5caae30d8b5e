internal import ONNXGraph

/// The samples of an input [n, f], or one sample [f], as real numbers.
struct FeatureRows {
  let count: Int
  let features: Int
  /// [n, f] as F64.
  let tensor: Tensor

  init(_ call: OperatorCall, _ types: [ElementType] = [.float, .double, .int64, .int32]) throws(OperatorError)
  {
    let x = try call.input(0)
    guard types.contains(x.type) else {
      throw call.wrong(0, types.map(\.name).joined(separator: " or ") + " elements", found: x.type.name)
    }
    guard x.rank == 1 || x.rank == 2 else {
      throw call.wrong(0, "one or two dimensions", found: shapeText(x.shape))
    }
    count = x.rank == 1 ? 1 : x.shape[0]
    features = x.shape[x.rank - 1]
    tensor = try Casting.cast(call, x, to: .double).reshaped([count, features])
  }

  var values: Elements<Double> { tensor.values(Double.self) }

  /// x · wᵀ + offset: [n, w's rows], for w: [rows, f] in C order and one offset for each row.
  func products(
    _ call: OperatorCall, _ weights: [Double], _ name: String, offsets: [Double]
  ) throws(OperatorError) -> Tensor {
    let rows = offsets.count
    let (size, overflow) = rows.multipliedReportingOverflow(by: features)
    guard !overflow, weights.count == size else {
      throw OperatorError(
        "\(rows) times \(features) numbers", found: "\(weights.count)", subject: "attribute '\(name)'")
    }
    let y = try call.make(.double, [count, rows])
    for place in 0..<y.count { y.values(Double.self)[place] = offsets[place % rows] }
    let w = try call.make(.double, [rows, features])
    for (place, weight) in weights.enumerated() { w.values(Double.self)[place] = weight }
    let a = MatrixView(tensor: tensor, rows: count, columns: features, rowStride: features, columnStride: 1)
    let b = MatrixView(tensor: w, rows: rows, columns: features, rowStride: features, columnStride: 1)
    try call.budget.spend(product: count, rows, features)
    try call.backend.multiply(MatrixProduct(a: a, b: b.transposed, y: y, keep: 1))
    return y
  }
}

extension OperatorCall {
  /// Numbers from the attribute `name` or the tensor `name`_as_tensor.
  func numbers(_ name: String) throws(OperatorError) -> [Double] {
    let list = try floats(name) ?? []
    guard let tensor = try tensor(name + "_as_tensor"), tensor.count > 0 else { return list }
    guard list.isEmpty, let numbers = tensor.reals else {
      throw wrongAttribute(
        name + "_as_tensor", "numbers, in only one of two attributes", found: tensor.type.name)
    }
    return numbers
  }
}
