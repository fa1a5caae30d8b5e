/// ONNX's `Range`, for models of operator sets before 11; delta may be left out (1). Source: ONNX Runtime `Range`,
/// version 1.
enum MicrosoftRange: MicrosoftOperator {
  static var name: String { "Range" }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    if let delta = call.optional(2) { return [try NumberRange.numbers(call, delta: delta)] }
    let one = try call.make([1])
    return [try NumberRange.numbers(call, delta: try Casting.cast(call, one, to: try call.input(0).type))]
  }
}
