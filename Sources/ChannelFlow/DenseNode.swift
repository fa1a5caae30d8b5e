package import Inference
package import ONNXGraph

/// A node of a dense sub-network: it may have other attributes than the original, and new nodes before its inputs.
package struct DenseNode {
  package var node: Node
  package var before: [Node] = []
  /// Small tensors that the new nodes read.
  package var constants: [(name: String, tensor: Tensor)] = []

  /// Names that new values must not have.
  private let taken: Set<String>

  init(_ node: Node, taken: Set<String> = []) {
    self.node = node
    self.taken = taken
  }

  /// A name that no value of the graph has.
  private func fresh() -> String {
    let output = node.outputs.first { !$0.isEmpty } ?? node.name
    var name = "\(output)/tessera.\(constants.count + before.count)"
    while taken.contains(name) { name += "_" }
    return name
  }

  mutating func constant(_ tensor: Tensor?) -> String {
    guard let tensor else { return "" }
    let name = fresh()
    constants.append((name, tensor))
    return name
  }

  /// Replaces an input by a new constant.
  mutating func replace(input index: Int, by tensor: Tensor?) {
    while node.inputs.count <= index { node.inputs.append("") }
    node.inputs[index] = constant(tensor)
  }

  /// Removes inputs, and the nodes that were inserted before them.
  mutating func remove(inputs places: Set<Int>) {
    for place in places {
      while let index = before.firstIndex(where: { $0.outputs == [node.inputs[place]] }) {
        node.inputs[place] = before.remove(at: index).inputs[0]
      }
    }
    node.inputs = node.inputs.enumerated().filter { !places.contains($0.offset) }.map(\.element)
  }

  /// Inserts a node before an input.
  mutating func put(
    _ operation: String, before index: Int, with others: [String],
    _ attributes: [String: AttributeValue] = [:]
  ) {
    var step = Node()
    step.operation = operation
    step.inputs = [node.inputs[index]] + others
    let name = fresh()
    step.name = name
    step.outputs = [name]
    step.attributes = attributes
    before.append(step)
    node.inputs[index] = name
  }
}
