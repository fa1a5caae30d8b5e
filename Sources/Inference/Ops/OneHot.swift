internal import ONNXGraph

/// y[.., k, ..] = values[1] if k is the index there, else values[0]
///
/// indices: numbers of any kind and shape, −depth to depth − 1 (any other index gives only values[0]); depth: one
/// number; values: any type, [2] → y: values' type, with a new axis of `depth` at `axis` (−1: the last). Source: ONNX
/// `OneHot`, versions 9, 11, 28.
enum OneHot: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let indices = try Casting.cast(call, try call.input(0), to: .int64)
    guard let number = try call.scalar(1), number >= 0, number <= 0x1p40 else {
      throw call.wrong(1, "one number of 0 or more", found: "another")
    }
    let depth = Int(number)
    let values = try call.input(2, rank: 1)
    guard values.count == 2 else { throw call.wrong(2, "two elements", found: "\(values.count)") }
    let axis = try call.axis(try call.int("axis") ?? -1, rank: indices.rank + 1)
    var shape = indices.shape
    shape.insert(depth, at: axis)
    let y = try call.make(values.type, shape)
    try StridedCopy.fill(y, with: values)
    let inner = indices.shape[axis...].product
    let numbers = indices.values(Int64.self)
    for place in 0..<indices.count where depth > 0 {
      let index = numbers[place] < 0 ? Int(numbers[place]) + depth : Int(numbers[place])
      if index < 0 || index >= depth { continue }
      let (outer, rest) = (place / inner, place % inner)
      StridedCopy.run(1, from: values, at: 1, to: y, at: (outer * depth + index) * inner + rest)
    }
    return [y]
  }
}
