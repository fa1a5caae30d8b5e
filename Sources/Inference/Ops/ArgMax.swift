/// y = the position of the greatest x along `axis` (0): the first one, or with `select_last_index` the last
///
/// x: numbers of any kind → y: INT64, x's shape with 1 for the axis, or without it (`keepdims`: 1). Source: ONNX
/// `ArgMax`, versions 1, 11, 12, 13.
enum ArgMax: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try ExtremePlace.evaluate(call, Greater.self)
  }
}
