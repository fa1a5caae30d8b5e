package import ChannelFlow
internal import Inference
package import ONNXGraph
internal import Tensors
internal import UnitModel

/// A graph of one (task, level) and what its tensors' elements are.
package struct NetworkGraph {
  /// What is supplied under a number.
  package enum Elements {
    /// Of the partition's tensor with this number: all of it, or what the sub-network has.
    case tensor(Int)
    case small([UInt8])
  }

  package let model: Model
  /// Elements by their numbers less `firstNumber`.
  package let elements: [Elements]
  package let firstNumber: Int
  /// What was followed to make it.
  package let flow: NetworkFlow
}

/// Puts a sub-network's graph together, from the outputs to what they need.
struct NetworkGraphBuilder {
  private let flow: NetworkFlow
  private let firstNumber: Int
  private var elements: [NetworkGraph.Elements] = []
  private var initializers: [TensorConstant] = []
  private var placed: Set<String> = []

  /// - Parameter firstNumber: lower numbers are those of tensors as the model has them.
  init(_ flow: NetworkFlow, firstNumber: Int) {
    self.flow = flow
    self.firstNumber = firstNumber
  }

  private mutating func number(_ element: NetworkGraph.Elements) -> Int {
    elements.append(element)
    return firstNumber + elements.count - 1
  }

  /// A weight, with the extents that `shape` gives it.
  private mutating func place(_ tensor: TensorConstant, _ name: String, shape: [Int]) {
    guard placed.insert(name).inserted else { return }
    guard let index = flow.tensors[name] else {
      // Text, and what functions hold, which stay in the file.
      initializers.append(tensor.named(name))
      return
    }
    initializers.append(tensor.supplied(number(.tensor(index)), name: name, shape: shape))
  }

  mutating func small(_ name: String, _ tensor: Tensor) {
    let bytes = tensor.withBytes { Array($0) }
    add(name, tensor.type, tensor.shape, bytes)
  }

  mutating func add(_ name: String, _ type: ElementType, _ shape: [Int], _ bytes: [UInt8]) {
    guard placed.insert(name).inserted else { return }
    initializers.append(TensorConstant(name: name, type: type, shape: shape, number: number(.small(bytes))))
  }

  /// The graph of these steps, each as a list of nodes.
  ///
  /// - Parameters:
  ///   - nodes: what a step becomes; constants may be added meanwhile.
  ///   - shape: the extents of a weight.
  ///   - output: what is declared of an output.
  mutating func graph(
    nodes: (FlowWalk.Step, inout NetworkGraphBuilder) throws(FlowError) -> [Node],
    shape: (String, TensorConstant) -> [Int], output: (ValueInfo) -> ValueInfo
  ) throws(FlowError) -> NetworkGraph {
    let model = flow.walk.model
    let outputs = try flow.requiredOutputs()
    var needed = Set(outputs.map(\.name))
    var reversed: [[Node]] = []
    var tensors: [String: TensorConstant] = [:]
    for tensor in model.graph.initializers { tensors[tensor.name] = tensor }
    for step in flow.walk.steps.reversed() where step.node.outputs.contains(where: needed.contains) {
      let node = step.node
      if node.operation == "Constant", node.domain.isEmpty,
        case .tensor(let tensor)? = node.attributes["value"]
      {
        tensors[node.outputs[0]] = tensor
        continue
      }
      let made = try nodes(step, &self)
      for node in made { needed.formUnion(node.usedNames) }
      reversed.append(made)
    }
    var graph = Graph()
    graph.name = model.graph.name
    graph.nodes = reversed.reversed().flatMap { $0 }
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) where needed.contains(name) {
      place(tensor, name, shape: shape(name, tensor))
    }
    graph.initializers = initializers
    graph.sparseInitializers = model.graph.sparseInitializers.filter { needed.contains($0.values.name) }
    graph.inputs = model.graph.requiredInputs.filter { needed.contains($0.name) }
    graph.outputs = outputs.map(output)
    return NetworkGraph(
      model: model.replacing(graph: graph), elements: elements, firstNumber: firstNumber, flow: flow)
  }
}
