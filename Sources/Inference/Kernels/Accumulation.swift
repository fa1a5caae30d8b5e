internal import ONNXGraph

/// `CumSum` and `CumProd`: sums and products of all elements up to each one.
enum Accumulation {
  /// y[.., i, ..] = op over j ≤ i of x[.., j, ..] along the axis in input 1; j < i with `exclusive`, and `reverse`
  /// begins at the end.
  static func evaluate<Op: BinaryArithmetic>(
    _: Op.Type, startsAtOne: Bool, _ call: OperatorCall
  ) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard let given = try call.integers(1)?.first else { throw OperatorError("an axis", found: "none") }
    let axis = try call.axis(given, rank: x.rank)
    return [try x.type.visit(Accumulate<Op>(call: call, x: x, axis: axis, startsAtOne: startsAtOne))]
  }

  private struct Accumulate<Op: BinaryArithmetic>: ElementVisitor {
    let call: OperatorCall
    let x: Tensor
    let axis: Int
    let startsAtOne: Bool

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> Tensor {
      let y = try call.make(x.type, x.shape)
      let (isExclusive, isReverse) = (try call.flag("exclusive"), try call.flag("reverse"))
      let (extent, inner) = (x.shape[axis], x.shape[(axis + 1)...].product)
      let (from, to) = (x.values(T.self), y.values(T.self))
      for line in 0..<(extent == 0 ? 0 : x.count / extent) {
        let origin = line / inner * extent * inner + line % inner
        var value = startsAtOne ? T.Wide.one : T.Wide.zero
        for step in 0..<extent {
          let place = origin + (isReverse ? extent - 1 - step : step) * inner
          let before = value
          value = T.Wide.apply(Op.self, value, from[place].wide)
          to[place] = T(narrowing: isExclusive ? before : value)
        }
      }
      return y
    }
  }
}
