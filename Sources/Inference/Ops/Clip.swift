internal import ONNXGraph

/// y = min(max(x, min), max)
///
/// x: numbers of any kind and shape; min, max: attributes before version 11, then inputs of one element → y: as x.
/// Source: ONNX `Clip`, versions 1, 6, 11, 12, 13.
enum Clip: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    if call.opset < 11 {
      let low = try call.float("min") ?? -.infinity
      let high = try call.float("max") ?? .infinity
      return try Elementwise.map(call, kernel: .clamp(low: Float(low), high: Float(high))) {
        $0.clamped(low, high)
      }
    }
    var y = x
    for (index, isLow) in [(1, true), (2, false)] {
      guard let bound = call.optional(index) else { continue }
      guard bound.count == 1 else { throw call.wrong(index, "one element", found: shapeText(bound.shape)) }
      let scalar = try bound.reshaped([])
      y =
        isLow
        ? try Elementwise.binary(Max.self, call, y, scalar)
        : try Elementwise.binary(Min.self, call, y, scalar)
    }
    return [y]
  }
}
