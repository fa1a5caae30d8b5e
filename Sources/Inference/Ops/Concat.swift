internal import ONNXGraph

/// y = the inputs joined along `axis`
///
/// Inputs: one or more of one type, [.., nᵢ, ..] with equal other extents → y: [.., Σ nᵢ, ..]. Source: ONNX `Concat`,
/// versions 4, 11, 13.
enum Concat: Operator {
  static var since: Int { 4 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    guard let axis = try call.int("axis") else { throw call.wrongAttribute("axis", "an axis") }
    return [try joined(call, try call.all(), axis: axis)]
  }

  /// - Parameter number: the number of the node's input that a tensor comes from, for errors.
  static func joined(
    _ call: OperatorCall, _ inputs: [Tensor], axis: Int, number: (Int) -> Int = { $0 }
  ) throws(OperatorError) -> Tensor {
    guard let first = inputs.first else { throw OperatorError("an input", found: "none") }
    let axis = try call.axis(axis, rank: first.rank)
    var shape = first.shape
    shape[axis] = 0
    for (index, input) in inputs.enumerated() {
      var other = input.shape
      if input.rank == first.rank { other[axis] = first.shape[axis] }
      guard input.type == first.type, other == first.shape else {
        throw call.wrong(
          number(index), "\(first.type.name) \(shapeText(first.shape)) but for axis \(axis)",
          found: "\(input.type.name) \(shapeText(input.shape))")
      }
      let (sum, overflow) = shape[axis].addingReportingOverflow(input.shape[axis])
      if overflow { throw call.wrong(number(index), "a smaller extent", found: "\(input.shape[axis])") }
      shape[axis] = sum
    }
    let y = try call.make(first.type, shape)
    let strides = Layout.strides(shape)
    var start = 0
    for input in inputs {
      try StridedCopy.copy(
        shape: input.shape, from: input, offset: 0, strides: Layout.strides(input.shape), to: y,
        targetOffset: start * strides[axis], targetStrides: strides)
      start += input.shape[axis]
    }
    return y
  }
}
