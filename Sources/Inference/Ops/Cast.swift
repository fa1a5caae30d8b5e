internal import ONNXGraph

/// y = x as elements of type `to`
///
/// x: any type and shape → y: the same shape. Floats become integers by rounding towards zero; booleans become 0 and 1,
/// and every number but 0 becomes true; text is decimal in both directions. `to` is a number, in version 1 a name.
/// Source: ONNX `Cast`, versions 1, 6, 9, 13, 19, 21, 23, 24, 25, 28.
enum Cast: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    guard let type = try call.type("to") else { throw call.wrongAttribute("to", "a data type") }
    let x = try call.input(0)
    if call.keepsStored(0), type == .float || type.half != nil,
      x.type.half != nil || x.type.smallFloat != nil,
      let stored = StoredElements(x)
    {
      return [try Tensor(stored.rounded(to: type), type, x.shape, call.budget)]
    }
    return [try Casting.cast(call, x, to: type)]
  }
}
