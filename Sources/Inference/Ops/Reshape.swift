/// y = x in another shape
///
/// x: any type; shape: an input (an attribute before version 5), in which 0 means x's own extent (with `allowzero`,
/// version 14, the extent 0) and one −1 the extent that makes the elements fit → y: the same elements. Source: ONNX
/// `Reshape`, versions 1, 5, 13, 14, 19, 21, 23, 24, 25.
enum Reshape: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard var shape = call.opset < 5 ? try call.ints("shape") : try call.integers(1) else {
      throw OperatorError("a shape", found: "none")
    }
    if try !call.flag("allowzero") {
      for (axis, extent) in shape.enumerated() where extent == 0 {
        guard axis < x.rank else {
          throw call.wrong(1, "a 0 only where \(shapeText(x.shape)) has an extent", found: shapeText(shape))
        }
        shape[axis] = x.shape[axis]
      }
    }
    let open = shape.indices.filter { shape[$0] == -1 }
    guard open.count <= 1, shape.allSatisfy({ $0 >= -1 }) else {
      throw call.wrong(1, "at most one -1, and no other negative extent", found: shapeText(shape))
    }
    if let open = open.first {
      let rest = try Tensor.count(
        of: shape.enumerated().filter { $0.offset != open }.map(\.element), call.budget)
      guard rest != 0, x.count % rest == 0 else {
        throw call.wrong(1, "a shape of \(x.count) elements", found: shapeText(shape))
      }
      shape[open] = x.count / rest
    }
    return [try x.reshaped(shape)]
  }
}
