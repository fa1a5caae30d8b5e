internal import ONNXGraph

/// A batch norm that computes its moments from the current batch, for tasks with `"norm": "batch"`.
enum BatchMoments {
  /// The nodes that replace a batch norm with stored moments; other nodes stay unchanged.
  static func nodes(for node: Node, rank: Int?, opset: Int) -> [Node] {
    guard node.operation == "BatchNormalization", node.domain.isEmpty, node.inputs.count >= 5, let rank,
      rank >= 2
    else { return [node] }
    let base = node.outputs.first ?? node.name
    let axes = [0] + Array(2..<max(2, rank))
    func step(_ operation: String, _ inputs: [String], _ output: String, keepsRank: Bool? = nil) -> Node {
      var step = Node()
      step.operation = operation
      step.inputs = inputs
      step.outputs = ["\(base)/tessera.\(output)"]
      step.name = step.outputs[0]
      if let keepsRank {
        step.attributes["keepdims"] = .int(keepsRank ? 1 : 0)
        if opset < 18 { step.attributes["axes"] = .ints(axes.map(Int64.init)) }
      }
      return step
    }
    var before: [Node] = []
    var list: [String] = []
    if opset >= 18 {
      var constant = step("Constant", [], "axes")
      constant.attributes["value_ints"] = .ints(axes.map(Int64.init))
      before.append(constant)
      list = constant.outputs
    }
    let x = node.inputs[0]
    let mean = step("ReduceMean", [x] + list, "mean", keepsRank: false)
    let wide = step("ReduceMean", [x] + list, "wide", keepsRank: true)
    let away = step("Sub", [x, wide.outputs[0]], "away")
    let square = step("Mul", [away.outputs[0], away.outputs[0]], "square")
    let variance = step("ReduceMean", [square.outputs[0]] + list, "variance", keepsRank: false)
    var norm = node
    norm.inputs[3] = mean.outputs[0]
    norm.inputs[4] = variance.outputs[0]
    return before + [mean, wide, away, square, variance, norm]
  }
}
