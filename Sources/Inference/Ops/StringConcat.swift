internal import ONNXGraph

/// z = x followed by y
///
/// x, y: text; shapes broadcast → z: text. Source: ONNX `StringConcat`, version 20.
enum StringConcat: Operator {
  static var since: Int { 20 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let (x, y) = (try call.input(0, type: .string), try call.input(1, type: .string))
    let shape = try Layout.broadcast([x.shape, y.shape])
    let z = try call.make(.string, shape)
    let (left, right, to) = (x.values(Int64.self), y.values(Int64.self), z.values(Int64.self))
    let strings = call.run.strings
    let walk = StridedWalk(
      shape,
      [Layout.strides(x.shape, as: shape), Layout.strides(y.shape, as: shape), Layout.strides(shape)])
    try walk.forEachRow { offsets throws(OperatorError) in
      for index in 0..<walk.rowCount {
        let first = strings.text(left[offsets[0] + index * walk.rowStride(0)])
        let second = strings.text(right[offsets[1] + index * walk.rowStride(1)])
        try call.budget.spend(first.utf8.count + second.utf8.count)
        to[offsets[2] + index] = try strings.number(of: first + second)
      }
    }
    return [z]
  }
}
