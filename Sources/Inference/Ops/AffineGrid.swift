internal import ONNXGraph

/// y[n, o…] = theta[n] · (p, 1), where p is the position o, its last axis first, with coordinates from −1 to 1
///
/// −1 and 1 are the outer edges of the first and last element, or with `align_corners` 1 (0) their centres; one element
/// alone is at 0, as in PyTorch's `affine_grid`. theta: floats, [N, 2, 3] or [N, 3, 4]; size: INT64, N, C and the extents
/// of two or three axes → y: as theta, [N, o…, 2] or [N, o…, 3]. Source: ONNX `AffineGrid`, version 20.
enum AffineGrid: Operator {
  static var since: Int { 20 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let theta = try call.input(0, rank: 3)
    let rank = theta.shape[1]
    guard rank == 2 || rank == 3, theta.shape[2] == rank + 1 else {
      throw call.wrong(0, "[N, 2, 3] or [N, 3, 4]", found: shapeText(theta.shape))
    }
    guard theta.type.isFloat else { throw call.wrong(0, "floating-point elements", found: theta.type.name) }
    let size = try call.integers(1) ?? []
    guard size.count == rank + 2, size[0] == theta.shape[0] else {
      throw call.wrong(1, "\(theta.shape[0]), channels and \(rank) extents", found: shapeText(size))
    }
    let extents = Array(size[2...])
    let isAligned = try call.flag("align_corners")
    let y = try call.make(.double, [size[0]] + extents + [rank])
    let matrix = try Casting.cast(call, theta, to: .double).values(Double.self)
    let (to, points) = (y.values(Double.self), extents.product)
    try call.budget.spend(y.count, rank + 1)
    var position = [Double](repeating: 1, count: rank + 1)
    for number in 0..<y.count / rank {
      var rest = number % points
      for axis in extents.indices.reversed() {
        let (extent, index) = (Double(extents[axis]), Double(rest % extents[axis]))
        position[rank - 1 - axis] =
          extent == 1 ? 0 : isAligned ? 2 * index / (extent - 1) - 1 : (2 * index + 1) / extent - 1
        rest /= extents[axis]
      }
      for row in 0..<rank {
        let start = (number / points * rank + row) * (rank + 1)
        to[number * rank + row] = (0...rank).reduce(0) { $0 + matrix[start + $1] * position[$1] }
      }
    }
    return [try Casting.cast(call, y, to: theta.type)]
  }
}
