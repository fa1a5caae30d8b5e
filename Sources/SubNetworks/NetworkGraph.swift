package import ChannelFlow
internal import Inference
package import ONNXGraph
internal import Tensors
internal import UnitModel

/// A graph of one (task, level), and the elements of its tensors.
package struct NetworkGraph {
  /// The elements that are supplied under a number.
  package enum Elements {
    /// Elements of the partition's tensor with this number: all of them, or the sub-network's part.
    case tensor(Int)
    case small([UInt8])
  }

  package let model: Model
  /// Elements by their numbers minus `firstNumber`.
  package let elements: [Elements]
  package let firstNumber: Int
  /// The walk from which the graph was made.
  package let flow: NetworkFlow
}

/// Builds a sub-network's graph, from its outputs back to the values that they need.
struct NetworkGraphBuilder {
  private let flow: NetworkFlow
  private let model: Model
  private let firstNumber: Int
  private var elements: [NetworkGraph.Elements] = []
  private var initializers: [TensorConstant] = []
  private var placed: Set<String> = []

  /// - Parameters:
  ///   - model: the model whose tensors the graph gets: the flow's, or one with the same graph.
  ///   - firstNumber: the first number of new tensors; lower numbers are the model's own tensors.
  init(_ flow: NetworkFlow, of model: Model, firstNumber: Int) {
    self.flow = flow
    self.model = model
    self.firstNumber = firstNumber
  }

  private mutating func number(_ element: NetworkGraph.Elements) -> Int {
    elements.append(element)
    return firstNumber + elements.count - 1
  }

  /// Adds a weight, with the extents `shape`.
  private mutating func place(_ tensor: TensorConstant, _ name: String, shape: [Int]) {
    guard placed.insert(name).inserted else { return }
    guard let index = flow.tensors[name] else {
      // Text, and tensors of functions, stay in the file.
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

  /// The graph of the walk's steps; each step becomes a list of nodes.
  ///
  /// - Parameters:
  ///   - nodes: makes the nodes of a step, and may add constants.
  ///   - shape: the extents of a weight.
  ///   - output: the declaration of an output.
  mutating func graph(
    nodes: (FlowWalk.Step, inout NetworkGraphBuilder) throws(FlowError) -> [Node],
    shape: (String, TensorConstant) -> [Int], output: (ValueInfo) -> ValueInfo
  ) throws(FlowError) -> NetworkGraph {
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
