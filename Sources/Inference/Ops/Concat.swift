internal import ONNXGraph

/// y = the inputs joined along `axis`
///
/// Inputs: one or more of one type, [.., nᵢ, ..] with equal other extents → y: [.., Σ nᵢ, ..]. Source: ONNX `Concat`,
/// versions 1 (`axis`: 1), 4, 11, 13.
enum Concat: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    guard let axis = try call.int("axis") ?? (call.opset < 4 ? 1 : nil) else {
      throw call.wrongAttribute("axis", "an axis")
    }
    return [try joined(call, try call.all(), axis: axis)]
  }

  /// Tensors joined along a new axis.
  static func stacked(
    _ call: OperatorCall, _ tensors: [Tensor], axis: Int, each word: String
  ) throws(OperatorError) -> Tensor {
    let axis = try call.axis(axis, rank: (tensors.first?.rank ?? 0) + 1)
    var parts: [Tensor] = []
    for tensor in tensors {
      var shape = tensor.shape
      shape.insert(1, at: min(axis, tensor.rank))
      parts.append(try tensor.reshaped(shape))
    }
    return try joined(call, parts, axis: axis, each: word)
  }

  /// Tensors joined along an axis.
  ///
  /// - Parameters:
  ///   - word: names a tensor in messages, with its number; nil if the tensors are the node's inputs.
  ///   - number: the number of the node's input that a tensor comes from, for messages.
  static func joined(
    _ call: OperatorCall, _ inputs: [Tensor], axis: Int, each word: String? = nil,
    number: (Int) -> Int = { $0 }
  ) throws(OperatorError) -> Tensor {
    func wrong(_ index: Int, _ expected: String, found: String) -> OperatorError {
      word.map { OperatorError(expected, found: found, subject: "\($0) \(index)") }
        ?? call.wrong(number(index), expected, found: found)
    }
    guard let first = inputs.first else { throw OperatorError("an input", found: "none") }
    let axis = try call.axis(axis, rank: first.rank)
    var shape = first.shape
    shape[axis] = 0
    for (index, input) in inputs.enumerated() {
      var other = input.shape
      if input.rank == first.rank { other[axis] = first.shape[axis] }
      guard input.type == first.type, other == first.shape else {
        throw wrong(
          index, "\(first.type.name) \(shapeText(first.shape)) but for axis \(axis)",
          found: "\(input.type.name) \(shapeText(input.shape))")
      }
      let (sum, overflow) = shape[axis].addingReportingOverflow(input.shape[axis])
      if overflow { throw wrong(index, "a smaller extent", found: "\(input.shape[axis])") }
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
