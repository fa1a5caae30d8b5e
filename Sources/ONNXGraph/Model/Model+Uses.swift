public import Tensors

/// What the graph does with one of the model's tensors: the first operator that makes something of its values.
public struct TensorUse: Sendable, Equatable {
  /// The operator, with its domain before it where that is not ONNX's own.
  public let operation: String
  /// Which of its inputs the tensor is, from 0.
  public let input: Int
  /// What makes the other input of an operator with two; nil where that is no node.
  public let beside: String?
  /// The node, as messages call it.
  public let node: String
  /// Elements that the node says are in the tensor, where several are packed into one; nil where each is one.
  public let elements: Int?
}

extension Model {
  /// For each tensor that a node uses, by the names of `constants()`, what its first user is.
  ///
  /// Nodes that only bring a tensor into another form (`Cast`, `Transpose`, `Reshape`, …) are looked through.
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

  /// - Parameter outer: names of enclosing graphs' values, each with the tensor that it is.
  fileprivate func collectUses(
    at path: GraphPath, outer: [String: TensorName] = [:], into uses: inout [TensorName: TensorUse]
  ) {
    var tensors = outer
    for tensor in initializers { tensors[tensor.name] = path.name(of: tensor.name) }
    var makers: [String: String] = [:]
    for node in nodes {
      let operation = node.domain.isEmpty ? node.operation : node.domain + "." + node.operation
      for output in node.outputs { makers[output] = operation }
      guard let made = node.outputs.first, !made.isEmpty else { continue }
      if operation == "Constant" { tensors[made] = path.name(of: made) }
    }
    // The order of the file is one in which they run, but for exporters that do not mind; those lose a look through.
    for node in nodes {
      let operation = node.domain.isEmpty ? node.operation : node.domain + "." + node.operation
      for (place, name) in node.inputs.enumerated() {
        guard let tensor = tensors[name] else { continue }
        if place == 0, Self.forms.contains(operation) {
          if let made = node.outputs.first { tensors[made] = tensor }
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
  /// K · N of ONNX Runtime's `MatMulNBits`; nil where that is no number.
  fileprivate var packedElements: Int? {
    guard case .int(let rows)? = attributes["K"], case .int(let columns)? = attributes["N"], rows > 0,
      columns > 0
    else { return nil }
    let (count, overflow) = Int(rows).multipliedReportingOverflow(by: Int(columns))
    return overflow ? nil : count
  }
}
