internal import ONNXGraph

/// y = the slices x[.., i, ..] along `axis` for which condition[i] is true; without `axis`, elements of x flattened
///
/// x: any type; condition: BOOL, [n]; slices from n on are left out, and so are conditions without a slice → y: as x
/// with the number of slices for the axis. Source: ONNX `Compress`, versions 9, 11, 28.
enum Compress: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    var x = try call.input(0)
    let condition = try call.input(1, type: .bool)
    guard condition.rank == 1 else { throw call.wrong(1, "one dimension", found: shapeText(condition.shape)) }
    let given = try call.int("axis")
    if given == nil { x = try x.reshaped([x.count]) }
    let axis = try call.axis(given ?? 0, rank: x.rank)
    let (extent, inner) = (x.shape[axis], x.shape[(axis + 1)...].product)
    let isChosen = condition.values(UInt8.self).prefix(min(condition.count, extent))
    var shape = x.shape
    shape[axis] = isChosen.count { $0 != 0 }
    let y = try call.make(x.type, shape)
    let outer = shape[..<axis].product
    try call.budget.spend(outer, isChosen.count)
    var target = 0
    for line in 0..<outer {
      for (place, chosen) in isChosen.enumerated() where chosen != 0 {
        StridedCopy.run(inner, from: x, at: (line * extent + place) * inner, to: y, at: target)
        target += inner
      }
    }
    return [y]
  }
}
