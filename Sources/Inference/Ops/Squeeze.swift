/// y = x without axes of extent 1
///
/// x: any type; axes: an attribute before version 13, then an input; without them every axis of extent 1 → y: the same
/// elements. Source: ONNX `Squeeze`, versions 1, 11, 13, 21, 23, 24, 25.
enum Squeeze: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let given = call.opset < 13 ? try call.ints("axes") : try call.integers(1)
    let axes = try call.axes(given ?? x.shape.indices.filter { x.shape[$0] == 1 }, rank: x.rank)
    if let wrong = axes.first(where: { x.shape[$0] != 1 }) {
      throw OperatorError("an extent of 1 on axis \(wrong)", found: shapeText(x.shape))
    }
    return [try x.reshaped(x.shape.indices.filter { !axes.contains($0) }.map { x.shape[$0] })]
  }
}
