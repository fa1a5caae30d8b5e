/// y = x with new axes of extent 1
///
/// x: any type; axes: their positions in y's shape, an attribute before version 13, then an input → y: the same
/// elements. Source: ONNX `Unsqueeze`, versions 1, 11, 13, 21, 23, 24, 25.
enum Unsqueeze: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard let given = call.opset < 13 ? try call.ints("axes") : try call.integers(1) else {
      throw OperatorError("axes", found: "none")
    }
    guard given.count <= 64 else { throw OperatorError("at most 64 axes", found: "\(given.count)") }
    let rank = x.rank + given.count
    let axes = try call.axes(given, rank: rank)
    var extents = x.shape[...]
    return [try x.reshaped((0..<rank).map { axes.contains($0) ? 1 : extents.popFirst() ?? 1 })]
  }
}
