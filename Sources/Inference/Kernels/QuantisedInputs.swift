internal import ONNXGraph

/// Quantised inputs and their scales and zero points.
extension OperatorCall {
  /// An input of I8 or U8.
  func bytes(_ index: Int) throws(OperatorError) -> Tensor {
    let tensor = try input(index)
    guard tensor.type == .int8 || tensor.type == .uint8 else {
      throw wrong(index, "I8 or U8 elements", found: tensor.type.name)
    }
    return tensor
  }

  /// One F32 scale and one zero point for elements of `type`; the zero point may be left out.
  func quantisation(_ scale: Int, _ zero: Int, of type: ElementType) throws(OperatorError) -> Quantisation {
    let factor = try input(scale, type: .float)
    guard factor.count == 1 else { throw wrong(scale, "one element", found: shapeText(factor.shape)) }
    if let point = optional(zero), point.count != 1 || point.type != type {
      throw wrong(zero, "one element of \(type.name)", found: "\(point.type.name) \(shapeText(point.shape))")
    }
    return Quantisation(
      scale: try factor.reshaped([]),
      zero: try optional(zero).map { point throws(OperatorError) in try point.reshaped([]) })
  }

  /// A scale or zero point of a tensor: one element, or one for each index of `axis`. It is reshaped so that it
  /// broadcasts to `shape`.
  ///
  /// - Parameter summed: an axis that a product sums over. If it is given, the input may also have the rank of the
  ///   tensor, with extent 1 there.
  func parameter(
    _ index: Int, of shape: [Int], axis: Int, summed: Int? = nil
  ) throws(OperatorError) -> Tensor? {
    guard let tensor = optional(index) else { return nil }
    if tensor.count == 1, tensor.rank <= 1 { return try tensor.reshaped([]) }
    if tensor.shape == [shape[axis]] {
      return try tensor.reshaped(tensor.shape + [Int](repeating: 1, count: shape.count - 1 - axis))
    }
    if let summed, tensor.rank == shape.count, tensor.shape[summed] == 1,
      Layout.broadcasts(tensor.shape, to: shape)
    {
      return tensor
    }
    throw wrong(
      index, "one element or [\(shape[axis])], one for each index of axis \(axis)",
      found: shapeText(tensor.shape))
  }

  /// A scale as `parameter` gives it; it must be given.
  func scale(
    _ index: Int, _ type: ElementType, of shape: [Int], axis: Int, summed: Int? = nil
  ) throws(OperatorError) -> Tensor {
    _ = try input(index, type: type)
    guard let scale = try parameter(index, of: shape, axis: axis, summed: summed) else {
      throw OperatorError("an input \(index)", found: "none")
    }
    return scale
  }
}
