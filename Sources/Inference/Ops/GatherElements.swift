internal import ONNXGraph

/// y[i, j, …] = x[indices[i, j, …], j, …] for axis 0; the index replaces the coordinate of `axis` (0)
///
/// x: any type; indices: INT32 or INT64 of x's rank, no larger than x on the other axes → y: the indices' shape. Source:
/// ONNX `GatherElements`, versions 11, 13.
enum GatherElements: Operator {
  static var since: Int { 11 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let axis = try call.axis(try call.int("axis") ?? 0, rank: x.rank)
    let indices = try Indices(call, 1, extent: x.shape[axis])
    let places = try call.make(.int64, indices.shape)
    try ElementPlaces.fill(places.values(Int64.self), indices, axis: axis, of: x.shape)
    let y = try call.make(x.type, indices.shape)
    StridedCopy.pick(places.values(Int64.self), count: y.count, from: x, to: y)
    return [y]
  }
}
