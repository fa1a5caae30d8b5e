/// y[o…] = x at o / scale, taken from the nearest position below or interpolated linearly
///
/// x: numbers of any kind and shape; scales: an attribute before version 9, then an input; in version 1 those of the last
/// two of four axes → y: [⌊in · scale⌋…]. Replaced by `Resize` in version 10. Source: ONNX `Upsample`, versions 1, 7, 9.
enum Upsample: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    return [try Resampling(call, x, try ResizeRequest(upsample: call, x)).result()]
  }
}
