public import Tensors

/// The use of one of the model's tensors: the first operator that computes with its values.
public struct TensorUse: Sendable, Equatable {
  /// The operator; if its domain is not ONNX's own, the domain comes first.
  public let operation: String
  /// The number of the input that the tensor is, from 0.
  public let input: Int
  /// The operator that makes the other of two inputs; nil if no node makes it.
  public let beside: String?
  /// The node, as messages show it.
  public let node: String
  /// The number of elements that the node's attributes declare, if several are packed into one; otherwise nil.
  public let elements: Int?
}

extension Model {
  /// The first use of each tensor that a node uses, by the names of `constants()`.
  ///
  /// A node that only changes a tensor's form (`Cast`, `Transpose`, `Reshape`, …) is not a use; the nodes that use its
  /// output are.
  public var tensorUses: [TensorName: TensorUse] {
    var uses: [TensorName: TensorUse] = [:]
    for (path, graph) in outerGraphs { graph.collectUses(at: path, into: &uses) }
    return uses
  }
}

extension Graph {
  private static let forms: Set<String> = [
    "Identity", "Cast", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "DequantizeLinear",
  ]

  /// - Parameter outer: the tensors among the values of enclosing graphs, by the values' names.
  fileprivate func collectUses(
    at path: GraphPath, outer: [String: TensorName] = [:], into uses: inout [TensorName: TensorUse]
  ) {
    var tensors = outer
    for tensor in initializers { tensors[tensor.name] = path.name(of: tensor.name) }
    var makers: [String: String] = [:]
    for node in nodes {
      let operation = node.domain.isEmpty ? node.operation : node.domain + "." + node.operation
      for output in node.outputs where !output.isEmpty { makers[output] = operation }
      guard let made = node.outputs.first, !made.isEmpty else { continue }
      if operation == "Constant" { tensors[made] = path.name(of: made) }
    }
    // Most files list their nodes in an order in which they can run. In other files, a user that is listed before the
    // node that changes the form is missed.
    for node in nodes {
      let operation = node.domain.isEmpty ? node.operation : node.domain + "." + node.operation
      for (place, name) in node.inputs.enumerated() {
        guard let tensor = tensors[name] else { continue }
        if place == 0, Self.forms.contains(operation) {
          if let made = node.outputs.first, !made.isEmpty { tensors[made] = tensor }
        } else if uses[tensor] == nil {
          let other = node.inputs.count == 2 ? node.inputs[1 - place] : ""
          uses[tensor] = TensorUse(
            operation: operation, input: place, beside: makers[other], node: node.shown,
            elements: place == 1 && operation == "com.microsoft.MatMulNBits" ? node.packedElements : nil)
        }
      }
      for inner in node.innerGraphs(at: path) {
        inner.graph.collectUses(at: inner.path, outer: tensors, into: &uses)
      }
    }
  }
}

extension Node {
  /// K · N of ONNX Runtime's `MatMulNBits`; nil if the product overflows, or if an attribute is missing or not
  /// positive.
  fileprivate var packedElements: Int? {
    guard case .int(let rows)? = attributes["K"], case .int(let columns)? = attributes["N"], rows > 0,
      columns > 0
    else { return nil }
    let (count, overflow) = Int(rows).multipliedReportingOverflow(by: Int(columns))
    return overflow ? nil : count
  }
}
