internal import ONNXGraph

/// y = x where the mask holds, 0 elsewhere
///
/// x: elements of any type; mask: BOOL, which broadcasts to x → y: the shape of x. Not of ONNX: masked originals are made
/// with it, so that values of every type and operator set can be masked.
enum Mask: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    return try Where.chosen(
      call, try call.input(1, type: .bool), x, try Tensor(zerosOf: x.type, [], call.budget))
  }
}
