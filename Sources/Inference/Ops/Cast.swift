internal import ONNXGraph

/// y = x as elements of type `to`
///
/// x: any type and shape → y: the same shape. Floats to integers round towards zero; booleans are 0 and 1, and everything
/// but 0 is true; text is read and written in decimal. Source: ONNX `Cast`, versions 6, 9, 13, 19, 21, 23, 24, 25.
enum Cast: Operator {
  static var since: Int { 6 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    guard let number = try call.int("to"), let type = ElementType(rawValue: number) else {
      throw call.wrongAttribute("to", "a data type")
    }
    return [try Casting.cast(call, try call.input(0), to: type)]
  }
}
