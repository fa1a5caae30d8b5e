internal import ONNXGraph

/// Graphs in attributes.
extension OperatorCall {
  func graph(_ name: String) throws(OperatorError) -> CompiledGraph {
    guard let graph = subgraphs[name] else { throw wrongAttribute(name, "a graph") }
    return graph
  }

  /// The body of a loop, with this number of inputs and at least this number of outputs.
  func body(inputs: Int, outputs: Int) throws(OperatorError) -> CompiledGraph {
    let body = try graph("body")
    guard body.inputs.count == inputs, body.outputs.count >= outputs else {
      throw OperatorError(
        "a body of \(inputs) inputs and \(outputs) outputs or more",
        found: "\(body.inputs.count) and \(body.outputs.count)", subject: "attribute 'body'")
    }
    return body
  }

  /// The outputs of a graph; it also sees the values around the node.
  func outputs(of graph: CompiledGraph, _ inputs: [Value]) throws(OperatorError) -> [Value] {
    let inner = Scope(graph, within: scope)
    for (input, value) in zip(graph.inputs, inputs) { inner[input.name] = value }
    do { return try Interpreter(run: run).outputs(of: graph, in: inner) } catch {
      throw OperatorError(inner: error)
    }
  }

  /// A scalar.
  func make(scalar number: Int) throws(OperatorError) -> Tensor { try make([number]).reshaped([]) }

  /// A scalar.
  func make(scalar truth: Bool) throws(OperatorError) -> Tensor {
    let tensor = try make(.bool, [])
    tensor.values(UInt8.self)[0] = truth ? 1 : 0
    return tensor
  }
}
