internal import ONNXGraph

/// y = the middle of x, cropped or padded with zeros to the given extents
///
/// If a difference of extents is odd, the crop begins half an element before the middle, and the padding has one more
/// element at the end. x: any type, whose zero of text is the empty one; extents: INT32 or INT64, one for each of `axes`
/// (all) → y: as x with these extents. Source: ONNX `CenterCropPad`, version 18.
enum CenterCropPad: Operator {
  static var since: Int { 18 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let axes = try call.axes(try call.ints("axes") ?? Array(x.shape.indices), rank: x.rank)
    let extents = try call.integers(1) ?? []
    guard extents.count == axes.count else {
      throw call.wrong(1, "\(axes.count) extents", found: "\(extents.count)")
    }
    var shape = x.shape
    for (axis, extent) in zip(axes, extents) { shape[axis] = extent }
    let y = try call.zeros(x.type, shape)
    let part = shape.indices.map { min(x.shape[$0], shape[$0]) }
    try StridedCopy.part(
      part, from: x, at: shape.indices.map { (x.shape[$0] - part[$0]) / 2 }, to: y,
      at: shape.indices.map { (shape[$0] - part[$0]) / 2 })
    return [y]
  }
}
