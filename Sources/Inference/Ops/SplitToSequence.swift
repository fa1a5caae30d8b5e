internal import ONNXGraph

/// s = consecutive parts of x along `axis` (0)
///
/// x: [.., n, ..] of any type; split: one I32 or I64, the extent of every part but a smaller last one (1), or a list of
/// extents that sum to n; keepdims: 0 removes the axis of parts of one position, if `split` is not given → s: a
/// sequence. As in ONNX Runtime, on which PyTorch's `unbind` relies, keepdims also holds for a scalar `split` of 1;
/// ONNX's text ignores it there. Source: ONNX `SplitToSequence`, versions 11, 24.
enum SplitToSequence: ValueOperator {
  static var since: Int { 11 }

  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] {
    let x = try call.input(0)
    let axis = try call.axis(try call.int("axis") ?? 0, rank: x.rank)
    let extent = x.shape[axis]
    let given = try call.integers(1)
    let isList = try call.tensor(1)?.rank == 1
    let size = isList ? 1 : given?.first ?? 1
    guard size >= 1 else { throw call.wrong(1, "a size of 1 or more", found: "\(size)") }
    let count = isList ? given?.count ?? 0 : extent / size + (extent % size == 0 ? 0 : 1)
    try call.budget.spend(count, TensorSequence.copyCost)
    // The list of parts, until the sequence counts it.
    try call.budget.take(bytes: count * RunBudget.referenceBytes)
    defer { call.budget.release(bytes: count * RunBudget.referenceBytes) }
    let sizes = isList ? given ?? [] : (0..<count).map { min(size, extent - $0 * size) }
    var parts = try Split.parts(call, x, axis: axis, sizes: sizes)
    if !isList, size == 1, try !call.flag("keepdims", default: true) {
      var shape = x.shape
      shape.remove(at: axis)
      for index in parts.indices { parts[index] = try parts[index].reshaped(shape) }
    }
    for part in parts { try call.budget.spend(part.count) }
    return [.sequence(try TensorSequence(x.type, parts, call.budget))]
  }
}
