internal import ONNXGraph

/// y = x, then y[indices[i, j, …], j, …] = updates[i, j, …] for axis 0; the index replaces the coordinate of `axis` (0)
///
/// x: any type; indices: INT32 or INT64 of x's rank; updates: x's type, the indices' shape; `reduction` (version 16)
/// adds, multiplies or takes the extreme instead → y: as x. Source: ONNX `ScatterElements`, versions 11, 13, 16, 18.
enum ScatterElements: Operator {
  static var since: Int { 11 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let axis = try call.axis(try call.int("axis") ?? 0, rank: x.rank)
    let indices = try Indices(call, 1, extent: x.shape[axis])
    let updates = try call.input(2, type: x.type)
    guard updates.shape == indices.shape else {
      throw call.wrong(2, "the indices' shape \(shapeText(indices.shape))", found: shapeText(updates.shape))
    }
    let places = try call.make(.int64, indices.shape)
    try ElementPlaces.fill(places.values(Int64.self), indices, axis: axis, of: x.shape)
    return [try Scattering.scatter(call, updates, to: places, run: 1, in: x)]
  }
}
