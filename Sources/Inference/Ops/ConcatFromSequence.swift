/// y = the tensors of s joined along `axis`; with `new_axis` (0) 1 they are stacked along a new one
///
/// s: at least one tensor, of equal extents but for the axis → y: their type; the axis may be negative, counted in y.
/// Source: ONNX `ConcatFromSequence`, version 11.
enum ConcatFromSequence: ValueOperator {
  static var since: Int { 11 }

  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] {
    let tensors = try call.sequence(0).tensors
    if tensors.isEmpty { throw call.wrong(0, "at least one tensor", found: "none") }
    guard let axis = try call.int("axis") else { throw call.wrongAttribute("axis", "an axis") }
    try call.budget.spend(tensors.count, TensorSequence.copyCost)
    return [
      .tensor(
        try call.flag("new_axis")
          ? Concat.stacked(call, tensors, axis: axis, each: "tensor")
          : Concat.joined(call, tensors, axis: axis, each: "tensor"))
    ]
  }
}
