internal import ONNXGraph

/// y = x, then y[indices[i…, :], :] = updates[i…, :]
///
/// x: any type, [d..]; indices: INT64, [i.., k]; updates: x's type, [i.., d_k..]; `reduction` (version 16) adds,
/// multiplies or (18) takes the extreme instead → y: as x. Source: ONNX `ScatterND`, versions 11, 13, 16, 18.
enum ScatterND: Operator {
  static var since: Int { 11 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let points = try IndexPoints(call, 1, in: x, batch: 0)
    let updates = try call.input(2, type: x.type)
    let tail = Array(x.shape[points.depth...])
    guard updates.shape == points.shape + tail else {
      throw call.wrong(2, "a shape \(shapeText(points.shape + tail))", found: shapeText(updates.shape))
    }
    let places = try call.make(.int64, points.shape)
    for place in 0..<points.count { places.values(Int64.self)[place] = Int64(points.offset(place)) }
    return [try Scattering.scatter(call, updates, to: places, run: tail.product, in: x)]
  }
}
