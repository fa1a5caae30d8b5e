internal import ONNXGraph

/// ONNX's `GatherND`, for models of operator sets before 11; indices may also be INT32. Source: ONNX Runtime `GatherND`,
/// version 1.
enum MicrosoftGatherND: MicrosoftOperator {
  static var name: String { "GatherND" }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    var inputs = call.inputs
    let indices = try call.input(1)
    if indices.type == .int32 { inputs[1] = try Casting.cast(call, indices, to: .int64) }
    return try GatherND.evaluate(call.following(opset: 13, inputs: inputs))
  }
}
