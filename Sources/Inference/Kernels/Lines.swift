internal import ONNXGraph

/// Operators on whole lines of elements; each line is changed in place in binary64.
enum Lines {
  /// Lines that a backend with vectors computes by a kernel.
  enum Kernel {
    case softmax
    case logSoftmax
  }

  /// Softmax and similar operators: lines along `axis`, or before version 13 along `axis` and all axes after it. A
  /// backend with vectors computes contiguous lines by `kernel`, except for F64.
  static func map(
    _ call: OperatorCall, kernel: Kernel? = nil, _ body: (inout [Double]) -> Void
  ) throws(OperatorError) -> [Tensor] {
    [try map(call, try call.input(0), opset: call.opset, kernel: kernel, body)]
  }

  /// The same for a tensor that need not be an input, as in version `opset`.
  static func map(
    _ call: OperatorCall, _ x: Tensor, opset: Int, kernel: Kernel? = nil, _ body: (inout [Double]) -> Void
  ) throws(OperatorError) -> Tensor {
    let isOld = opset < 13
    let given = try call.int("axis") ?? (isOld ? 1 : -1)
    func map(extent: Int, inner: Int) throws(OperatorError) -> Tensor {
      if let kernel, inner == 1, call.backend.vectorises,
        let y = try FastLines.softmax(call, x, extent: extent, isLog: kernel == .logSoftmax)
      {
        return y
      }
      return try Self.map(call, x, extent: extent, inner: inner, body)
    }
    if x.rank == 0 { return try map(extent: 1, inner: 1) }
    // An axis that flattens may equal the rank: each line then has one element.
    let axis = isOld && given == x.rank ? given : try call.axis(given, rank: x.rank)
    if isOld { return try map(extent: x.shape[axis...].product, inner: 1) }
    return try map(extent: x.shape[axis], inner: x.shape[(axis + 1)...].product)
  }

  /// Changes lines of `extent` elements that are `inner` apart.
  static func map(
    _ call: OperatorCall, _ x: Tensor, extent: Int, inner: Int, _ body: (inout [Double]) -> Void
  ) throws(OperatorError) -> Tensor {
    try withoutActuallyEscaping(body) { body throws(OperatorError) in
      try x.type.visitFloats(Map(call: call, x: x, extent: extent, inner: inner, body: body))
    }
  }

  private struct Map: FloatVisitor {
    let call: OperatorCall
    let x: Tensor
    let extent: Int
    let inner: Int
    let body: (inout [Double]) -> Void

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> Tensor where T.Wide == Double {
      let y = try call.make(x.type, x.shape)
      if x.count == 0 { return y }
      try call.budget.take(bytes: extent * 8)
      defer { call.budget.release(bytes: extent * 8) }
      let (from, to) = (x.values(T.self), y.values(T.self))
      var line = [Double](repeating: 0, count: extent)
      for number in 0..<(x.count / extent) {
        let origin = number / inner * extent * inner + number % inner
        for index in 0..<extent { line[index] = from[origin + index * inner].wide }
        body(&line)
        for index in 0..<extent { to[origin + index * inner] = T(narrowing: line[index]) }
      }
      return y
    }
  }
}

extension OperatorCall {
  /// An input of `count` floats, converted to binary64.
  func reals(_ index: Int, count: Int) throws(OperatorError) -> [Double] {
    let tensor = try input(index)
    guard tensor.count == count else {
      throw wrong(index, "\(count) elements", found: shapeText(tensor.shape))
    }
    guard tensor.type.isFloat else { throw wrong(index, "floating-point elements", found: tensor.type.name) }
    let real = try Casting.cast(self, tensor, to: .double)
    // The list outlives this charge, which only checks that there is memory for it now.
    try budget.take(bytes: count * 8)
    defer { budget.release(bytes: count * 8) }
    return Array(real.values(Double.self).prefix(count))
  }
}
