/// s = the inputs as a sequence
///
/// Inputs: one or more tensors of one type → s: a sequence. Source: ONNX `SequenceConstruct`, version 11.
enum SequenceConstruct: ValueOperator {
  static var since: Int { 11 }

  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] {
    let tensors = try call.all()
    return [.sequence(try TensorSequence(tensors[0].type, tensors, call.budget))]
  }
}
