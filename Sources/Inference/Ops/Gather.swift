/// y[.., i…, ..] = x[.., indices[i…], ..] along `axis` (0)
///
/// x: any type, [a.., n, b..]; indices: INT32 or INT64 of any shape, −n to n − 1 → y: [a.., indices.., b..]. Source:
/// ONNX `Gather`, versions 1, 11, 13.
enum Gather: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let axis = try call.axis(try call.int("axis") ?? 0, rank: x.rank)
    return [try gathered(call, x, axis: axis, try Indices(call, 1, extent: x.shape[axis]))]
  }

  /// x[.., indices[i…] / group, ..]; zeros for an index outside the axis.
  static func gathered(
    _ call: OperatorCall, _ x: Tensor, axis: Int, _ indices: Indices, group: Int = 1
  ) throws(OperatorError) -> Tensor {
    let shape = Array(x.shape[..<axis]) + indices.shape + Array(x.shape[(axis + 1)...])
    let y = try call.make(x.type, shape)
    let inner = x.shape[(axis + 1)...].product
    let extent = x.shape[axis]
    var target = 0
    if y.count == 0 { return y }
    for outer in 0..<x.shape[..<axis].product {
      for place in 0..<indices.count {
        if indices.isInside(place) {
          let from = (outer * extent + indices[place] / group) * inner
          StridedCopy.run(inner, from: x, at: from, to: y, at: target)
        } else {
          StridedCopy.clear(inner, of: y, at: target)
        }
        target += inner
      }
    }
    return y
  }
}
