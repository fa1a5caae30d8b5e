internal import ONNXGraph

/// y = x with elements around it: a constant, the nearest edge, a reflection without the edge, or x repeated
///
/// x: any type, [d, …]; pads: the numbers of elements before each axis, then those after each (a negative number
/// crops); an attribute before version 11, then an input; axes since version 18 → y: [before + d + after, …]. Source:
/// ONNX `Pad`, versions 1 (`paddings`), 2, 11, 13, 18, 19 (wrap), 21, 23, 24, 25.
enum Pad: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let mode = try call.word("mode", ["constant", "reflect", "edge", "wrap"], default: "constant")
    guard
      let given = call.opset < 11 ? try call.ints(call.opset < 2 ? "paddings" : "pads") : try call.integers(1)
    else {
      throw OperatorError("pads", found: "none")
    }
    let axes = try call.axes(try call.integers(3) ?? Array(x.shape.indices), rank: x.rank)
    guard given.count == 2 * axes.count else {
      throw OperatorError("\(2 * axes.count) pads", found: "\(given.count)")
    }
    var before = [Int](repeating: 0, count: x.rank)
    var shape = x.shape
    for (index, axis) in axes.enumerated() {
      let (first, last) = (given[index], given[axes.count + index])
      // The sum of three numbers below 2⁴⁰ does not overflow.
      guard first.magnitude < 1 << 40, last.magnitude < 1 << 40, shape[axis] + first + last >= 0 else {
        throw OperatorError("pads that leave extents of 0 or more", found: shapeText(given))
      }
      before[axis] = first
      shape[axis] += first + last
    }
    return [try padded(call, x, shape, before, mode)]
  }

  private static func padded(
    _ call: OperatorCall, _ x: Tensor, _ shape: [Int], _ before: [Int], _ mode: String
  ) throws(OperatorError) -> Tensor {
    let y = try call.make(x.type, shape)
    if mode == "constant" {
      try StridedCopy.fill(y, with: try value(call, x.type))
      // The part of x that remains if pads are negative.
      let start = before.map { max(0, -$0) }
      let first = before.map { max(0, $0) }
      let part = shape.indices.map { max(0, min(x.shape[$0] - start[$0], shape[$0] - first[$0])) }
      try StridedCopy.part(part, from: x, at: start, to: y, at: first)
      return y
    }
    if y.count == 0 { return y }
    guard x.count > 0 else { throw call.wrong(0, "elements to pad with", found: shapeText(x.shape)) }
    let indices = try call.make(.int64, shape)
    let values = indices.values(Int64.self)
    let strides = Layout.strides(x.shape)
    var position = [Int](repeating: 0, count: shape.count)
    for place in 0..<y.count {
      var index = 0
      for axis in shape.indices {
        let source = source(of: position[axis] - before[axis], extent: x.shape[axis], mode: mode)
        index += source * strides[axis]
      }
      values[place] = Int64(index)
      var axis = shape.count - 1
      while axis >= 0 {
        position[axis] += 1
        if position[axis] < shape[axis] { break }
        position[axis] = 0
        axis -= 1
      }
    }
    StridedCopy.pick(values, count: y.count, from: x, to: y)
    return y
  }

  private static func source(of index: Int, extent: Int, mode: String) -> Int {
    if index >= 0, index < extent { return index }
    switch mode {
    case "edge": return index < 0 ? 0 : extent - 1
    case "wrap": return (index % extent + extent) % extent
    case "reflect":
      // The index goes back and forth between the edges; an axis with one element has only that index.
      if extent == 1 { return 0 }
      let period = 2 * (extent - 1)
      let place = (index % period + period) % period
      return place < extent ? place : period - place
    default: return 0
    }
  }

  private static func value(_ call: OperatorCall, _ type: ElementType) throws(OperatorError) -> Tensor {
    if call.opset >= 11 {
      if let value = call.optional(2) {
        guard value.type == type, value.count == 1 else {
          throw call.wrong(
            2, "one \(type.name) element", found: "\(value.type.name) \(shapeText(value.shape))")
        }
        return value
      }
      return try call.zeros(type, [])
    }
    let value = try call.make(.double, [])
    value.values(Double.self)[0] = try call.float("value") ?? 0
    return try Casting.cast(call, value, to: type)
  }
}
