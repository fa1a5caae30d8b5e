/// y = x repeated along axes of extent 1, as broadcasting does
///
/// x: any type; shape: an input → y: the shape that both broadcast to. Source: ONNX `Expand`, versions 8, 13.
enum Expand: Operator {
  static var since: Int { 8 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard let target = try call.integers(1) else { throw OperatorError("a shape", found: "none") }
    let shape = try Layout.broadcast([x.shape, target])
    return [
      try StridedCopy.gathered(call, x, shape: shape, offset: 0, strides: Layout.strides(x.shape, as: shape))
    ]
  }
}
