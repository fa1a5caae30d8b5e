/// t = s with a tensor inserted at `position`
///
/// s: a sequence of n tensors; tensor: of their type; position: one I32 or I64 of −n to n, counted from the back if it
/// is negative; without it, the end → t: a sequence of n + 1 tensors. Source: ONNX `SequenceInsert`, version 11.
enum SequenceInsert: ValueOperator {
  static var since: Int { 11 }

  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] {
    let sequence = try call.sequence(0)
    let place = try call.place(2, in: sequence, atMost: sequence.count) ?? sequence.count
    return [.sequence(try sequence.inserting(try call.input(1), at: place))]
  }
}
