/// y[o…] = x interpolated, axis by axis, at the position in x that corresponds to o…
///
/// x: numbers of any kind and shape; roi, scales, sizes: inputs (before version 11: scales only) → y: [⌊in · scale⌋…]
/// or sizes. `mode`: nearest, linear or cubic; `coordinate_transformation_mode` maps o to a position in x; antialias,
/// axes and keep_aspect_ratio_policy since version 18. Source: ONNX `Resize`, versions 10, 11, 13, 18, 19.
enum Resize: Operator {
  static var since: Int { 10 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    return [try Resampling(call, x, try ResizeRequest(call, x)).result()]
  }
}
