internal import ONNXGraph

/// Products and convolutions of quantised integers: exact sums of (a − a_zero) · (b − b_zero), modulo 2³² in I32.
enum IntegerProducts {
  /// An operand: its elements, and zero points that broadcast to them.
  struct Operand {
    let tensor: Tensor
    var zero: Tensor?

    /// x − zero as elements of `type`.
    func centred(_ call: OperatorCall, as type: ElementType = .int32) throws(OperatorError) -> Tensor {
      let wide = try Casting.cast(call, tensor, to: type)
      guard let zero else { return wide }
      guard zero.type == tensor.type else {
        throw OperatorError("zero points of \(tensor.type.name)", found: zero.type.name)
      }
      if type == .int32, zero.count == 1, zero.values(UInt8.self)[0] == 0 { return wide }
      return try Elementwise.binary(Sub.self, call, wide, try Casting.cast(call, zero, to: type))
    }
  }

  /// The inputs of a product of matrices, with their zero points: for each row of a, and for each column of b.
  struct Matrices {
    var a: Operand
    let b: Operand
    let shape: BatchedProduct

    /// - Parameter type: the type of the sums.
    func product(_ call: OperatorCall, as type: ElementType = .int32) throws(OperatorError) -> Tensor {
      try shape.run(call, try a.centred(call, as: type), try b.centred(call, as: type))
    }

    /// product · factor + bias as F32; the bias, if there is one, has an element for each column.
    func real(_ call: OperatorCall, by factor: Tensor, bias: Int) throws(OperatorError) -> Tensor {
      var y = try IntegerProducts.scaled(call, try product(call), by: factor)
      if let given = call.optional(bias) {
        guard given.type.isFloat, given.shape == [shape.right[shape.right.count - 1]] else {
          throw call.wrong(
            bias, "[\(shape.right[shape.right.count - 1])] of floats",
            found: "\(given.type.name) \(shapeText(given.shape))")
        }
        y = try Elementwise.binary(Add.self, call, y, try Casting.cast(call, given, to: .float))
      }
      return try y.reshaped(shape.shape)
    }

    /// A scale of b: one, or one for each column.
    func rightScale(_ call: OperatorCall, _ index: Int, _ type: ElementType) throws(OperatorError) -> Tensor {
      let shape = shape.right
      return try call.scale(
        index, type, of: shape, axis: shape.count - 1, summed: shape.count - 2)
    }

    /// A scale of a: one, or one for each row.
    func leftScale(_ call: OperatorCall, _ index: Int, _ type: ElementType) throws(OperatorError) -> Tensor {
      let shape = shape.left
      return try call.scale(index, type, of: shape, axis: shape.count - 2, summed: shape.count - 1)
    }
  }

  /// Reads the inputs of a product of matrices; `aZero` and `bZero` are the numbers of the zero points'
  /// inputs.
  static func matrices(
    _ call: OperatorCall, _ a: Tensor, aZero: Int?, _ b: Tensor, bZero: Int, second: Int
  ) throws(OperatorError) -> Matrices {
    let shape = try BatchedProduct(call, a.shape, b.shape, second: second)
    let (left, right) = (shape.left, shape.right)
    return Matrices(
      a: Operand(
        tensor: try a.reshaped(left),
        zero: try aZero.flatMap { index throws(OperatorError) in
          try call.parameter(index, of: left, axis: left.count - 2, summed: left.count - 1)
        }),
      b: Operand(
        tensor: try b.reshaped(right),
        zero: try call.parameter(bZero, of: right, axis: right.count - 1, summed: right.count - 2)),
      shape: shape)
  }

  /// x ⋆ w + bias with the zero points of both, as I32; w's may differ between output channels.
  static func convolution(
    _ call: OperatorCall, x: Int, xZero: Int, w: Int, wZero: Int, bias: Int
  ) throws(OperatorError) -> Tensor {
    let (input, weights) = (try call.bytes(x), try call.bytes(w))
    guard weights.rank >= 1 else { throw call.wrong(w, "a dimension or more", found: "[]") }
    if let zero = call.optional(xZero), zero.count != 1 {
      throw call.wrong(xZero, "one element", found: shapeText(zero.shape))
    }
    let left = Operand(
      tensor: input,
      zero: try call.optional(xZero).map { zero throws(OperatorError) in try zero.reshaped([]) })
    let right = Operand(tensor: weights, zero: try call.parameter(wZero, of: weights.shape, axis: 0))
    return try ConvolutionCall.run(
      call, try left.centred(call), try right.centred(call), bias: call.optional(bias), inputs: (w, bias))
  }

  /// saturate(round(sums · factor) + zero), with a product rounded to F32; `roundsLast` as in `Quantisation`.
  static func requantised(
    _ call: OperatorCall, _ sums: Tensor, by factor: Tensor, zero: Tensor?, as type: ElementType,
    roundsLast: Bool = false
  ) throws(OperatorError) -> Tensor {
    let one = try call.make(.float, [])
    one.values(Float.self)[0] = 1
    return try Quantisation(scale: one, zero: zero).quantised(
      call, try scaled(call, sums, by: factor), as: type, roundsLast: roundsLast)
  }

  /// sums · factor as F32.
  static func scaled(
    _ call: OperatorCall, _ sums: Tensor, by factor: Tensor
  ) throws(OperatorError) -> Tensor {
    try Elementwise.binary(
      Mul.self, call, try Casting.cast(call, sums, to: .float), try Casting.cast(call, factor, to: .float))
  }
}
