/// y = the outputs of `then_branch` if the condition is true, else of `else_branch`
///
/// condition: one BOOL → y: the kinds, types and shapes of the branch's outputs; branches also see the values around
/// them. Source: ONNX `If`, versions 1, 11, 13 (sequences), 16 (optionals), 19, 21, 23, 24, 25.
enum If: ValueOperator {
  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] {
    guard let condition = try call.boolean(0) else { throw OperatorError("a condition", found: "none") }
    let branch = try call.graph(condition ? "then_branch" : "else_branch")
    guard branch.inputs.isEmpty else { throw OperatorError("a branch without inputs", found: "one with") }
    return try call.outputs(of: branch, [])
  }
}
