internal import ONNXGraph

/// y[indices[i]] = x[i], and 0 elsewhere: the partial inverse of `MaxPool`
///
/// x: floats, [N, C, in…]; indices: INT64, as x, flat positions in y; output shape: INT64, that of y → y: as x, [N, C,
/// out…], where out = (in − 1)·stride + kernel − pads unless the shape is given. ONNX's evaluator takes the indices as
/// positions in the shape that is not given; its text and ONNX Runtime have them in y. Source: ONNX `MaxUnpool`,
/// versions 9, 11, 22.
enum MaxUnpool: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let places = try call.input(1, type: .int64)
    let kernel = try call.ints("kernel_shape") ?? []
    guard x.rank == kernel.count + 2 else {
      throw call.wrong(0, "\(kernel.count + 2) dimensions, as the kernel has", found: shapeText(x.shape))
    }
    guard places.shape == x.shape else {
      throw call.wrong(1, shapeText(x.shape), found: shapeText(places.shape))
    }
    let windows = try TransposedWindows(call, try WindowAttributes(call, kernel: kernel))
      .windows(Array(x.shape[2...]))
    let shape = try call.integers(2) ?? Array(x.shape[..<2]) + windows.input
    guard shape.count == x.rank else {
      throw call.wrong(2, "\(x.rank) extents", found: shapeText(shape))
    }
    let y = try call.zeros(x.type, shape)
    try call.budget.spend(x.count)
    for (index, place) in places.values(Int64.self).prefix(x.count).enumerated() {
      guard place >= 0, place < y.count else {
        throw call.wrong(1, "positions of 0 to \(y.count - 1)", found: "\(place)")
      }
      StridedCopy.run(1, from: x, at: index, to: y, at: Int(place))
    }
    return [y]
  }
}
