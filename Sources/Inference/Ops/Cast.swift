internal import ONNXGraph

/// y = x as elements of type `to`
///
/// x: any type and shape → y: the same shape. Floats become integers by rounding towards zero; booleans become 0 and 1,
/// and every number but 0 becomes true; text is decimal in both directions. Source: ONNX `Cast`, versions 6, 9, 13, 19,
/// 21, 23, 24, 25.
enum Cast: Operator {
  static var since: Int { 6 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    guard let type = try call.elementType("to") else { throw call.wrongAttribute("to", "a data type") }
    return [try Casting.cast(call, try call.input(0), to: type)]
  }
}
