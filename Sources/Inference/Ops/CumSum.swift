/// y[.., i, ..] = Σ_{j ≤ i} x[.., j, ..] along `axis`; j < i with `exclusive`, j ≥ i (or j > i) with `reverse`
///
/// x: numbers of any kind; axis: an input of one number → y: as x. Source: ONNX `CumSum`, versions 11, 14.
enum CumSum: Operator {
  static var since: Int { 11 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Accumulation.evaluate(Add.self, startsAtOne: false, call)
  }
}
