/// t = s without the tensor at `position`
///
/// s: a sequence of n tensors; position: one I32 or I64 of −n to n − 1, counted from the back if it is negative; without
/// it, the last → t: a sequence of n − 1 tensors. Source: ONNX `SequenceErase`, version 11.
enum SequenceErase: ValueOperator {
  static var since: Int { 11 }

  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] {
    let sequence = try call.sequence(0)
    let place = try call.place(1, in: sequence, atMost: sequence.count - 1) ?? sequence.count - 1
    guard place >= 0 else { throw call.wrong(0, "at least one tensor", found: "none") }
    return [.sequence(try sequence.removing(at: place))]
  }
}
