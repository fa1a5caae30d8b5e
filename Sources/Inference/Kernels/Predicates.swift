internal import ONNXGraph

/// Operators that return booleans.
enum Predicates {
  /// `y[i] = f(a[i], b[i])` for booleans, with broadcasting.
  static func logical(
    _ call: OperatorCall, _ f: (Bool, Bool) -> Bool
  ) throws(OperatorError) -> [Tensor] {
    let a = try call.input(0, type: .bool)
    let b = try call.aligned(1, with: a)
    guard b.type == .bool else { throw call.wrong(1, "BOOL elements", found: b.type.name) }
    let shape = try Layout.broadcast([a.shape, b.shape])
    let y = try call.make(.bool, shape)
    try zip(a, b, y, UInt8.self) { f($0 != 0, $1 != 0) }
    return [y]
  }

  /// `y[i] = f(a[i], b[i])` for numbers, with broadcasting.
  static func compare<Op: Comparison>(_: Op.Type, _ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let a = try call.input(0)
    let b = try call.aligned(1, with: a)
    guard a.type == b.type else {
      throw call.wrong(1, "\(a.type.name) elements as in the first input", found: b.type.name)
    }
    let y = try call.make(.bool, try Layout.broadcast([a.shape, b.shape]))
    try a.type.visit(Compare<Op>(a: a, b: b, y: y))
    return [y]
  }

  /// Sets y to `f` of the elements of two tensors that broadcast to y's shape.
  static func zip<T: BitwiseCopyable>(
    _ a: Tensor, _ b: Tensor, _ y: Tensor, _: T.Type, _ f: (T, T) -> Bool
  ) throws(OperatorError) {
    let (left, right, to) = (a.values(T.self), b.values(T.self), y.values(UInt8.self))
    let walk = StridedWalk(
      y.shape,
      [Layout.strides(a.shape, as: y.shape), Layout.strides(b.shape, as: y.shape), Layout.strides(y.shape)])
    let (count, aStep, bStep) = (walk.rowCount, walk.rowStride(0), walk.rowStride(1))
    try walk.forEachRow { offsets throws(OperatorError) in
      for index in 0..<count {
        to[offsets[2] + index] =
          f(left[offsets[0] + index * aStep], right[offsets[1] + index * bStep]) ? 1 : 0
      }
    }
  }

  private struct Compare<Op: Comparison>: ElementVisitor {
    let a: Tensor
    let b: Tensor
    let y: Tensor

    func visit<T: Element>(_: T.Type) throws(OperatorError) {
      try zip(a, b, y, T.self) { Op.holds($0.wide, $1.wide) }
    }
  }
}

/// A comparison of two numbers.
protocol Comparison {
  static func holds<W: WideNumber>(_ a: W, _ b: W) -> Bool
}
