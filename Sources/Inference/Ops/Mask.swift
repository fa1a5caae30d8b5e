internal import ONNXGraph

/// y = x if the mask is true, else 0
///
/// x: elements of any type; mask: BOOL, broadcasts to x → y: the shape of x. This operator is not in ONNX: masked
/// originals use it, so that values of every type and operator set can be masked.
enum Mask: Operator {
  static var domain: String { OperatorRegistry.ownDomain }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    return try Where.chosen(
      call, try call.input(1, type: .bool), x, try Tensor(zerosOf: x.type, [], call.budget))
  }
}
