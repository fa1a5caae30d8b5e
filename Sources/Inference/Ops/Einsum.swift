internal import ONNXGraph

/// y[o…] = the product of the inputs, summed over all letters that are not in o…; an equation is, for example,
/// "ij,jk->ik"
///
/// Inputs: numbers of one type, with a letter for each axis. `...` means axes that broadcast. A letter that occurs
/// twice in one input means its diagonal. Without `->`, o… consists of the letters that occur once, in alphabetical
/// order. Source: ONNX `Einsum`, versions 12, 28.
enum Einsum: Operator {
  static var since: Int { 12 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let inputs = try call.all()
    guard let text = try call.string("equation") else { throw call.wrongAttribute("equation", "an equation") }
    guard inputs.allSatisfy({ $0.type == inputs[0].type }) else {
      throw OperatorError("inputs of one type", found: "several")
    }
    let equation = try EinsumEquation(text, inputs)
    let y = try call.make(inputs[0].type, equation.output.map(equation.extent))
    try call.budget.spend(product: [y.count, inputs.count] + equation.summed.map(equation.extent))
    try call.backend.contract(Contraction(inputs: inputs, equation: equation, y: y))
    return [y]
  }
}
