internal import ONNXGraph

/// Operators that compute each element from the elements at the same position.
enum Elementwise {
  /// `y[i] = f(x[i])` for floating-point numbers. A backend with vectors computes `kernel`, except
  /// for F64.
  static func map(
    _ call: OperatorCall, kernel: LaneFunction? = nil, _ f: @escaping (Double) -> Double
  ) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.type.isFloat else { throw call.wrong(0, "floating-point elements", found: x.type.name) }
    return [try map(call, x, kernel: kernel, f)]
  }

  /// `y[i] = f(x[i])` for floating-point numbers, as above.
  static func map(
    _ call: OperatorCall, _ x: Tensor, kernel: LaneFunction? = nil, _ f: @escaping (Double) -> Double
  ) throws(OperatorError) -> Tensor {
    if let kernel, call.backend.vectorises, let y = try FastElementwise.map(kernel, call, x) { return y }
    return try x.type.visitFloats(Map(call: call, x: x, f: f))
  }

  /// `y[i] = f(x[i])` for floating-point numbers, where y is BOOL.
  static func test(
    _ call: OperatorCall, _ f: @escaping (Double) -> Bool
  ) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.type.isFloat else { throw call.wrong(0, "floating-point elements", found: x.type.name) }
    return [try x.type.visitFloats(Test(call: call, x: x, f: f))]
  }

  /// `y[i] = f(x[i])` for numbers of any kind.
  static func unary<Op: UnaryArithmetic>(
    _: Op.Type, _ call: OperatorCall, kernel: LaneFunction? = nil
  ) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    if let kernel, call.backend.vectorises, let y = try FastElementwise.map(kernel, call, x) { return [y] }
    return [try x.type.visit(Unary<Op>(call: call, x: x))]
  }

  /// `y[i] = op(a[i], b[i])` for numbers of any kind, with broadcasting.
  static func binary<Op: BinaryArithmetic>(
    _: Op.Type, _ call: OperatorCall, _ a: Tensor, _ b: Tensor
  ) throws(OperatorError) -> Tensor {
    guard a.type == b.type else {
      throw call.wrong(1, "\(a.type.name) elements as in the first input", found: b.type.name)
    }
    if call.backend.vectorises, let kernel = Op.kernel,
      let y = try FastElementwise.binary(kernel, call, a, b)
    {
      return y
    }
    return try a.type.visit(Binary<Op>(call: call, a: a, b: b))
  }

  private struct Map: FloatVisitor {
    let call: OperatorCall
    let x: Tensor
    let f: (Double) -> Double

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> Tensor where T.Wide == Double {
      let y = try call.make(x.type, x.shape)
      let (from, to) = (x.values(T.self).base, y.values(T.self).base)
      for index in 0..<x.count { to[index] = T(narrowing: f(from[index].wide)) }
      return y
    }
  }

  private struct Test: FloatVisitor {
    let call: OperatorCall
    let x: Tensor
    let f: (Double) -> Bool

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> Tensor where T.Wide == Double {
      let y = try call.make(.bool, x.shape)
      let (from, to) = (x.values(T.self), y.values(UInt8.self))
      for index in 0..<x.count { to[index] = f(from[index].wide) ? 1 : 0 }
      return y
    }
  }

  private struct Unary<Op: UnaryArithmetic>: ElementVisitor {
    let call: OperatorCall
    let x: Tensor

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> Tensor {
      let y = try call.make(x.type, x.shape)
      let (from, to) = (x.values(T.self), y.values(T.self))
      for index in 0..<x.count { to[index] = T(narrowing: T.Wide.apply(Op.self, from[index].wide)) }
      return y
    }
  }

  private struct Binary<Op: BinaryArithmetic>: ElementVisitor {
    let call: OperatorCall
    let a: Tensor
    let b: Tensor

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> Tensor {
      let shape = try Layout.broadcast([a.shape, b.shape])
      let y = try call.make(a.type, shape)
      let (left, right, to) = (a.values(T.self), b.values(T.self), y.values(T.self))
      let walk = StridedWalk(
        shape,
        [Layout.strides(a.shape, as: shape), Layout.strides(b.shape, as: shape), Layout.strides(shape)])
      let (count, aStep, bStep) = (walk.rowCount, walk.rowStride(0), walk.rowStride(1))
      try walk.forEachRow { offsets throws(OperatorError) in
        let (i, j, k) = (offsets[0], offsets[1], offsets[2])
        for index in 0..<count {
          to[k + index] = T(
            narrowing: T.Wide.apply(Op.self, left[i + index * aStep].wide, right[j + index * bStep].wide))
        }
      }
      return y
    }
  }
}

extension Double {
  /// min(max(x, low), high); NaN stays NaN. `Double.maximum` is IEEE 754's maxNum, which drops NaN.
  func clamped(_ low: Double, _ high: Double) -> Double { self < low ? low : self > high ? high : self }
}

/// `Add`, `Sub`, `Mul`, `Div`: two inputs with broadcasting; since version 7 by NumPy's rule.
protocol ArithmeticOperator: Operator, BinaryArithmetic {}

extension ArithmeticOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let a = try call.input(0)
    return [try Elementwise.binary(Self.self, call, a, try call.aligned(1, with: a))]
  }
}

extension OperatorCall {
  /// The second input of an operator with broadcasting, reshaped so that NumPy's rule gives the result that the opset
  /// requires.
  ///
  /// Before version 7, the second input is broadcast only if `broadcast` is 1. Its axes then match the axes of the
  /// first input from `axis` on.
  func aligned(_ index: Int, with first: Tensor) throws(OperatorError) -> Tensor {
    let second = try input(index)
    guard opset < 7, first.shape != second.shape else { return second }
    guard try flag("broadcast") else {
      throw wrong(index, "the shape \(shapeText(first.shape)) (no broadcast)", found: shapeText(second.shape))
    }
    guard let start = try int("axis") else { return second }
    let place = try axis(start, rank: max(1, first.rank))
    let missing = first.rank - place - second.rank
    guard missing >= 0 else {
      throw wrong(index, "a shape that fits from axis \(place)", found: shapeText(second.shape))
    }
    return try second.reshaped(second.shape + [Int](repeating: 1, count: missing))
  }
}

/// `Min`, `Max`, `Sum`, `Mean`: any number of inputs, with broadcasting since version 8.
protocol VariadicOperator: Operator, BinaryArithmetic {}

extension VariadicOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let inputs = try call.all()
    var result = inputs[0]
    for (index, input) in inputs.enumerated().dropFirst() {
      guard call.opset >= 8 || input.shape == result.shape else {
        throw call.wrong(index, "the shape \(shapeText(result.shape))", found: shapeText(input.shape))
      }
      result = try Elementwise.binary(Self.self, call, result, input)
      try call.budget.spend(result.count)
    }
    return [result]
  }
}
