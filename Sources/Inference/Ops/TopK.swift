internal import ONNXGraph

/// The k greatest (`largest`: 1, version 11) or least x along `axis` (−1), in order, and their positions
///
/// x: numbers of any kind; k: an attribute before version 10, then an input; equal elements keep their order → values:
/// as x with k for the axis; indices: INT64. Source: ONNX `TopK`, versions 1, 10, 11, 24.
enum TopK: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let axis = try call.axis(try call.int("axis") ?? -1, rank: x.rank)
    guard let k = call.opset < 10 ? try call.int("k") : try call.integers(1)?.first, k >= 0,
      k <= x.shape[axis]
    else { throw OperatorError("a k of 0 to \(x.shape[axis])", found: "another") }
    let isLargest = try call.flag("largest", default: true)
    return try x.type.visit(Select(call: call, x: x, axis: axis, k: k, isLargest: isLargest))
  }

  private struct Select: ElementVisitor {
    let call: OperatorCall
    let x: Tensor
    let axis: Int
    let k: Int
    let isLargest: Bool

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> [Tensor] {
      var shape = x.shape
      shape[axis] = k
      let (values, indices) = (try call.make(x.type, shape), try call.make(.int64, shape))
      let from = x.values(T.self)
      let (extent, inner) = (x.shape[axis], x.shape[(axis + 1)...].product)
      try call.budget.spend(x.count, 8)
      // A line's positions, and the memory that sorting needs.
      try call.budget.take(bytes: extent * 16)
      defer { call.budget.release(bytes: extent * 16) }
      for outer in 0..<x.shape[..<axis].product {
        for rest in 0..<inner {
          let origin = outer * extent * inner + rest
          let order = (0..<extent).sorted { a, b in
            let (left, right) = (from[origin + a * inner].wide, from[origin + b * inner].wide)
            // NaN counts as greater than all numbers; of equal elements, the first comes first.
            if left.isNotANumber != right.isNotANumber { return left.isNotANumber == isLargest }
            if left == right || left.isNotANumber { return a < b }
            return isLargest ? left > right : left < right
          }
          for (rank, place) in order.prefix(k).enumerated() {
            let target = (outer * k + rank) * inner + rest
            values.values(T.self)[target] = from[origin + place * inner]
            indices.values(Int64.self)[target] = Int64(place)
          }
        }
      }
      return [values, indices]
    }
  }
}
