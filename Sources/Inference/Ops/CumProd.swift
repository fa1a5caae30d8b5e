/// y[.., i, ..] = Π_{j ≤ i} x[.., j, ..] along `axis`; j < i with `exclusive`, j ≥ i (or j > i) with `reverse`
///
/// x: numbers of any kind; axis: an input of one number → y: as x. Source: ONNX `CumProd`, version 26.
enum CumProd: Operator {
  static var since: Int { 26 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Accumulation.evaluate(Mul.self, startsAtOne: true, call)
  }
}
