/// ONNX's `Pad`, for models of operator sets before 11. Source: ONNX Runtime `Pad`, version 1.
enum MicrosoftPad: MicrosoftOperator {
  static var name: String { "Pad" }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    var inputs = call.inputs
    // The pads may have a first axis of extent 1.
    let pads = try call.input(1)
    if pads.rank == 2, pads.shape[0] == 1 { inputs[1] = try pads.reshaped([pads.count]) }
    return try Pad.evaluate(call.following(opset: 13, inputs: inputs))
  }
}
