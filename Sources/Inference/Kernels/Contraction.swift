internal import ONNXGraph

/// y[o…] = the product of the inputs, summed over all letters of the equation that are not in o…. All inputs have the
/// same type.
struct Contraction {
  let inputs: [Tensor]
  let equation: EinsumEquation
  let y: Tensor

  /// One sum over all letters at once, in the type's wide numbers.
  func run() throws(OperatorError) { try y.type.visit(Sums(contraction: self)) }

  private struct Sums: ElementVisitor {
    let contraction: Contraction

    func visit<T: Element>(_: T.Type) throws(OperatorError) {
      let (inputs, equation, y) = (contraction.inputs, contraction.equation, contraction.y)
      let (to, from) = (y.values(T.self), inputs.map { $0.values(T.self) })
      let outer = StridedWalk(y.shape, inputs.indices.map { equation.strides($0, equation.output) })
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
    }
  }
}
