internal import ONNXGraph

/// y[.., i, ..] = Σ_{j ≤ i} x[.., j, ..] along `axis`; j < i with `exclusive`, j ≥ i (or j > i) with `reverse`
///
/// x: numbers of any kind; axis: an input of one number → y: as x. Source: ONNX `CumSum`, versions 11, 14.
enum CumSum: Operator {
  static var since: Int { 11 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard let given = try call.integers(1)?.first else { throw OperatorError("an axis", found: "none") }
    let axis = try call.axis(given, rank: x.rank)
    return [try x.type.visit(Accumulate(call: call, x: x, axis: axis))]
  }

  private struct Accumulate: ElementVisitor {
    let call: OperatorCall
    let x: Tensor
    let axis: Int

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> Tensor {
      let y = try call.make(x.type, x.shape)
      let (isExclusive, isReverse) = (try call.flag("exclusive"), try call.flag("reverse"))
      let (extent, inner) = (x.shape[axis], x.shape[(axis + 1)...].product)
      let (from, to) = (x.values(T.self), y.values(T.self))
      for line in 0..<(extent == 0 ? 0 : x.count / extent) {
        let origin = line / inner * extent * inner + line % inner
        var sum = T.Wide.zero
        for step in 0..<extent {
          let place = origin + (isReverse ? extent - 1 - step : step) * inner
          let before = sum
          sum = sum.adding(from[place].wide)
          to[place] = T(narrowing: isExclusive ? before : sum)
        }
      }
      return y
    }
  }
}
