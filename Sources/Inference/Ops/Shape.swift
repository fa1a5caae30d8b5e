/// y = x's extents from axis `start` (0) up to but without `end` (the rank)
///
/// x: any type and shape → y: INT64, [end − start]. Source: ONNX `Shape`, versions 1, 13, 15 (start, end), 19, 21, 23,
/// 24, 25.
enum Shape: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    func clamped(_ axis: Int) -> Int { min(max(axis < 0 ? axis + x.rank : axis, 0), x.rank) }
    let start = clamped(try call.int("start") ?? 0)
    let end = clamped(try call.int("end") ?? x.rank)
    return [try call.make(Array(x.shape[min(start, end)..<end]))]
  }
}
