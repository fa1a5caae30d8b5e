internal import ONNXGraph

/// y₀, y₁, … = consecutive parts of x along `axis` (0)
///
/// x: [.., n, ..] of any type; split: sizes that sum to n, an attribute before version 13 (in version 1 or an input),
/// then an input; without it equal parts, and since version 18 `num_outputs` parts, the last of which may be smaller →
/// yᵢ: [.., sizeᵢ, ..]. Source: ONNX `Split`, versions 1, 2, 11, 13, 18.
enum Split: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let axis = try call.axis(try call.int("axis") ?? 0, rank: x.rank)
    let extent = x.shape[axis]
    var given = call.opset < 13 ? try call.ints("split") : try call.integers(1)
    // Version 1 declares the input with the type of x.
    if call.opset < 2, given == nil { given = try call.integers(1, orFloats: true) }
    let sizes: [Int]
    if let given { sizes = given } else { sizes = try equalParts(call, extent) }
    // A list that the model computes can have a million parts, which no output would show.
    guard sizes.count <= max(1, call.node.outputs.count) else {
      throw OperatorError(
        "at most \(call.node.outputs.count) parts, as there are outputs", found: "\(sizes.count)")
    }
    return try parts(call, x, axis: axis, sizes: sizes)
  }

  /// Consecutive parts of x with these extents along an axis; they must sum to its extent.
  static func parts(
    _ call: OperatorCall, _ x: Tensor, axis: Int, sizes: [Int]
  ) throws(OperatorError) -> [Tensor] {
    let extent = x.shape[axis]
    var left = extent
    for size in sizes {
      guard size >= 0, size <= left else {
        throw OperatorError("parts that sum to \(extent)", found: shapeText(sizes))
      }
      left -= size
    }
    guard left == 0 else { throw OperatorError("parts that sum to \(extent)", found: shapeText(sizes)) }
    let strides = Layout.strides(x.shape)
    var parts: [Tensor] = []
    var start = 0
    for size in sizes {
      var shape = x.shape
      shape[axis] = size
      parts.append(
        try StridedCopy.gathered(call, x, shape: shape, offset: start * strides[axis], strides: strides))
      start += size
    }
    return parts
  }

  private static func equalParts(_ call: OperatorCall, _ extent: Int) throws(OperatorError) -> [Int] {
    let count = try call.int("num_outputs") ?? call.node.outputs.count
    guard count >= 1, count <= max(1, call.node.outputs.count) else {
      throw OperatorError("\(call.node.outputs.count) outputs", found: "num_outputs \(count)")
    }
    let size = (extent + count - 1) / count
    return (0..<count).map { max(0, min(size, extent - $0 * size)) }
  }
}
