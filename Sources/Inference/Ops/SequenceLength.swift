/// n = the number of tensors of s
///
/// s: a sequence → n: INT64, a scalar. Source: ONNX `SequenceLength`, version 11.
enum SequenceLength: ValueOperator {
  static var since: Int { 11 }

  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] {
    [.tensor(try call.make(scalar: try call.sequence(0).count))]
  }
}
