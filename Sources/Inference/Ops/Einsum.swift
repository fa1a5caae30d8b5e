internal import ONNXGraph

/// y[o…] = Σ over all other letters of the product of the inputs, as `equation` says: "ij,jk->ik"
///
/// Inputs: numbers of one type, a letter for each axis; `...` stands for axes that broadcast; a letter twice in one input
/// is its diagonal; without `->` the letters that occur once, in alphabetic order. Source: ONNX `Einsum`, version 12.
enum Einsum: Operator {
  static var since: Int { 12 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let inputs = try call.all()
    guard let text = try call.string("equation") else { throw call.wrongAttribute("equation", "an equation") }
    guard inputs.allSatisfy({ $0.type == inputs[0].type }) else {
      throw OperatorError("inputs of one type", found: "several")
    }
    let equation = try EinsumEquation(text, inputs)
    return [try inputs[0].type.visit(Contract(call: call, inputs: inputs, equation: equation))]
  }

  private struct Contract: ElementVisitor {
    let call: OperatorCall
    let inputs: [Tensor]
    let equation: EinsumEquation

    func visit<T: Element>(_: T.Type) throws(OperatorError) -> Tensor {
      let extents = equation.output.map(equation.extent)
      let y = try call.make(inputs[0].type, extents)
      try call.budget.spend([y.count, inputs.count] + equation.summed.map(equation.extent))
      let (to, from) = (y.values(T.self), inputs.map { $0.values(T.self) })
      let outer = StridedWalk(extents, inputs.indices.map { equation.strides($0, equation.output) })
      let inner = StridedWalk(
        equation.summed.map(equation.extent), inputs.indices.map { equation.strides($0, equation.summed) })
      var place = 0
      try outer.forEachRow { base throws(OperatorError) in
        for row in 0..<outer.rowCount {
          var sum = T.Wide.zero
          try inner.forEachRow { offsets throws(OperatorError) in
            for step in 0..<inner.rowCount {
              var product = T.Wide.one
              for input in from.indices {
                let index =
                  base[input] + row * outer.rowStride(input) + offsets[input] + step * inner.rowStride(input)
                product = product.multiplied(by: from[input][index].wide)
              }
              sum = sum.adding(product)
            }
          }
          to[place] = T(narrowing: sum)
          place += 1
        }
      }
      return y
    }
  }
}
