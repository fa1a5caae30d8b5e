internal import ONNXGraph

/// `ArgMax` and `ArgMin`: positions of extreme elements along an axis.
enum ExtremePlace {
  static func evaluate<Better: Comparison>(
    _ call: OperatorCall, _: Better.Type
  ) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let axis = try call.axis(try call.int("axis") ?? 0, rank: x.rank)
    guard x.shape[axis] > 0 else {
      throw call.wrong(0, "elements on axis \(axis)", found: shapeText(x.shape))
    }
    var shape = x.shape
    if try call.flag("keepdims", default: true) { shape[axis] = 1 } else { shape.remove(at: axis) }
    let y = try call.make(.int64, shape)
    try call.budget.spend(x.count)
    try x.type.visit(Find<Better>(x: x, y: y, axis: axis, isLast: try call.flag("select_last_index")))
    return [y]
  }

  private struct Find<Better: Comparison>: ElementVisitor {
    let x: Tensor
    let y: Tensor
    let axis: Int
    let isLast: Bool

    func visit<T: Element>(_: T.Type) {
      let (from, to) = (x.values(T.self), y.values(Int64.self))
      let (extent, inner) = (x.shape[axis], x.shape[(axis + 1)...].product)
      for line in 0..<y.count {
        let origin = line / inner * extent * inner + line % inner
        var best = 0
        for place in 1..<max(1, extent) {
          let (value, greatest) = (from[origin + place * inner].wide, from[origin + best * inner].wide)
          if Better.holds(value, greatest) || (isLast && value == greatest) { best = place }
        }
        to[line] = Int64(best)
      }
    }
  }
}

extension ElementType {
  /// The least and the greatest value of an integer type of 8 to 32 bits; nil for all other types.
  var integerLimits: ClosedRange<Double>? {
    switch self {
    case .int8: -128...127
    case .int16: -32768...32767
    case .int32: -2_147_483_648...2_147_483_647
    case .uint8: 0...255
    case .uint16: 0...65535
    case .uint32: 0...4_294_967_295
    default: nil
    }
  }
}
