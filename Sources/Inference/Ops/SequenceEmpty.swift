internal import ONNXGraph

/// s = a sequence without tensors
///
/// dtype: the tensors' type (FLOAT) → s: a sequence. Source: ONNX `SequenceEmpty`, version 11.
enum SequenceEmpty: ValueOperator {
  static var since: Int { 11 }

  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] {
    let number = try call.int("dtype") ?? ElementType.float.rawValue
    guard let type = ElementType(rawValue: number) else {
      throw OperatorError("a data type", found: "\(number)", subject: "attribute 'dtype'")
    }
    return [.sequence(try TensorSequence(type, [], call.budget))]
  }
}
