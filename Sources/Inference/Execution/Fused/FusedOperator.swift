/// The work of several nodes in one step.
protocol FusedOperator: Sendable {
  /// The output of the last node; nil if the inputs have types or shapes for which the nodes must run one by one.
  func evaluate(_ call: OperatorCall) throws(OperatorError) -> Tensor?
}

/// Nodes that a fused operator replaces.
struct FusedNodes: Sendable {
  let fused: any FusedOperator
  /// The values that it reads, in its order.
  let inputs: [String]
  /// The replaced nodes, in the order of the graph; the last one makes the output.
  let nodes: [Int]
}
