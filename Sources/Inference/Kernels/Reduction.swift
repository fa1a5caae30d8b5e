internal import ONNXGraph

/// Operators that reduce all elements along some axes to one number.
enum Reduction {
  /// The steps of a reduction: `start`, then `combine` for each element, then `finish` with the number of elements.
  struct Rule<W: WideNumber> {
    let start: W
    let combine: (W, W) -> W
    let finish: (W, Int) throws(OperatorError) -> W
  }

  /// The rules of an operator for floating-point numbers and, if it has them, for integers.
  struct Rules {
    let floats: Rule<Double>
    var signed: Rule<Int64>?
    var unsigned: Rule<UInt64>?
  }

  /// Reads `axes`, an attribute or (from version `inputSince` on) the second input, and reduces `input` (by default
  /// the first input).
  static func evaluate(
    _ call: OperatorCall, of input: Tensor? = nil, axesInputSince inputSince: Int, _ rules: Rules
  ) throws(OperatorError) -> [Tensor] {
    var x: Tensor
    if let input { x = input } else { x = try call.input(0) }
    let isBoolean = x.type == .bool
    if isBoolean { x = x.reinterpreted(as: .uint8) }
    let given = call.opset >= inputSince ? try call.integers(1) : try call.ints("axes")
    let keeps = try call.flag("keepdims", default: true)
    if given == nil || given == [], try call.flag("noop_with_empty_axes") {
      return [
        isBoolean
          ? x.reinterpreted(as: .bool)
          : try x.type.visit(Reduce(call: call, x: x, axes: [], shape: x.shape, rules: rules))
      ]
    }
    let axes = try call.axes(given.flatMap { $0.isEmpty ? nil : $0 } ?? Array(x.shape.indices), rank: x.rank)
    let y = try reduced(call, x, axes, keeps: keeps, rules)
    return [isBoolean ? y.reinterpreted(as: .bool) : y]
  }

  static func reduced(
    _ call: OperatorCall, _ x: Tensor, _ axes: [Int], keeps: Bool, _ rules: Rules
  ) throws(OperatorError) -> Tensor {
    let reduced = Set(axes)
    let shape = x.shape.indices.compactMap { axis in
      reduced.contains(axis) ? (keeps ? 1 : nil) : x.shape[axis]
    }
    return try x.type.visit(Reduce(call: call, x: x, axes: axes, shape: shape, rules: rules))
  }

  private struct Reduce: ElementVisitor {
    let call: OperatorCall
    let x: Tensor
    let axes: [Int]
    let shape: [Int]
    let rules: Rules

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> Tensor {
      let rule: Rule<T.Wide>
      if let floats = rules.floats as? Rule<T.Wide> {
        rule = floats
      } else if let signed = rules.signed as? Rule<T.Wide> {
        rule = signed
      } else if let unsigned = rules.unsigned as? Rule<T.Wide> {
        rule = unsigned
      } else {
        throw OperatorError("elements with arithmetic", found: x.type.name)
      }
      try call.budget.spend(x.count)
      let y = try call.make(x.type, shape)
      let (from, to) = (x.values(T.self), y.values(T.self))
      let inner = axes.map { x.shape[$0] }
      let outer = x.shape.indices.filter { !axes.contains($0) }
      let strides = Layout.strides(x.shape)
      let outerWalk = StridedWalk(outer.map { x.shape[$0] }, [outer.map { strides[$0] }])
      let innerWalk = StridedWalk(inner, [axes.map { strides[$0] }])
      let (rowCount, rowStep) = (outerWalk.rowCount, outerWalk.rowStride(0))
      let (count, step) = (innerWalk.rowCount, innerWalk.rowStride(0))
      var place = 0
      try outerWalk.forEachRow { outer throws(OperatorError) in
        for row in 0..<rowCount {
          let origin = outer[0] + row * rowStep
          var value = rule.start
          try innerWalk.forEachRow { offsets throws(OperatorError) in
            let start = origin + offsets[0]
            for index in 0..<count { value = rule.combine(value, from[start + index * step].wide) }
          }
          to[place] = T(narrowing: try rule.finish(value, inner.product))
          place += 1
        }
      }
      return y
    }
  }
}
