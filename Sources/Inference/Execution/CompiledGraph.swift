internal import ONNXGraph

/// A graph that is ready to run: constants in memory, nodes in order, operators found.
final class CompiledGraph: Sendable {
  let name: String
  let inputs: [ValueInfo]
  let outputs: [String]
  /// The declared types of `outputs`, in the same order.
  let outputTypes: [ValueType?]
  let constants: [String: Tensor]
  let steps: [Step]

  init(
    name: String, inputs: [ValueInfo], outputs: [ValueInfo], constants: [String: Tensor], steps: [Step]
  ) {
    self.name = name
    self.inputs = inputs
    self.outputs = outputs.map(\.name)
    outputTypes = outputs.map(\.type)
    self.constants = constants
    self.steps = steps
  }

  /// One node of the model, or several fused nodes.
  struct Step: Sendable {
    let node: Node
    var action: Action
    /// The version of ONNX's operator set for this node.
    let opset: Int
    /// The graphs in the node's attributes, by attribute name.
    let subgraphs: [String: CompiledGraph]
    /// Values that no later step needs.
    let releases: [String]
    /// The numbers in lists and the bytes of texts in the node's attributes, which the operator reads in each evaluation.
    let attributeItems: Int
    /// The operators of all the model's nodes that this step computes.
    var operations: [String]
    /// The fused nodes to apply to the first output.
    var end: End?

    init(
      node: Node, action: Action, opset: Int, subgraphs: [String: CompiledGraph], releases: [String]
    ) {
      self.node = node
      self.action = action
      self.opset = opset
      self.subgraphs = subgraphs
      self.releases = releases
      attributeItems = node.attributes.values.reduce(0) { $0 + $1.listCount }
      operations = [node.operation]
    }

    /// Whether the input may be a tensor whose elements are stored in another form.
    func readsStored(_ input: Int) -> Bool {
      switch action {
      case .evaluate(let known): known.storedInputs?.contains(input) ?? false
      case .evaluateValues, .fused: false
      // Its nodes are asked one by one.
      case .call: true
      }
    }
  }

  /// Nodes that are fused with the operator before them.
  struct End: Sendable {
    /// The name by which the first of them uses the operator's output.
    let head: String
    let residual: String?
    let activation: LaneFunction
    let followers: [Step]
  }

  indirect enum Action: Sendable {
    case evaluate(any Operator.Type)
    case evaluateValues(any ValueOperator.Type)
    /// Several nodes in one, and the nodes themselves for inputs that it cannot compute.
    case fused(any FusedOperator, otherwise: [Step])
    /// One of the model's own functions.
    case call(CompiledGraph)
  }
}

/// The values of a running graph, by name; a subgraph can also use the values of its outer graphs.
final class Scope {
  private let graph: CompiledGraph
  private let parent: Scope?
  private var values: [String: Value] = [:]
  private var fixed: Set<String> = []

  init(_ graph: CompiledGraph, within parent: Scope?) {
    self.graph = graph
    self.parent = parent
  }

  /// Whether the model contains this value and no value of the run has the same name.
  func isConstant(_ name: String) -> Bool {
    values[name] == nil && (graph.constants[name] != nil || parent?.isConstant(name) ?? false)
  }

  /// Whether the model contains this value, or `fix` was called for it because it depends only on the model.
  func isFixed(_ name: String) -> Bool {
    if fixed.contains(name) { return true }
    return values[name] == nil && (graph.constants[name] != nil || parent?.isFixed(name) ?? false)
  }

  /// Marks a value that depends only on the model, not on the inputs.
  func fix(_ name: String) { fixed.insert(name) }

  /// Sets a value of the run, if there is one with this name, in the graph that has it. The model's own tensors stay.
  func replace(_ name: String, by value: Value) {
    if values[name] != nil {
      values[name] = value
    } else if graph.constants[name] == nil {
      parent?.replace(name, by: value)
    }
  }

  /// The values of this graph (not of outer graphs) that depend on the inputs.
  var activations: [Value] { values.filter { !fixed.contains($0.key) }.map(\.value) }

  /// The value with this name, if it is one of `activations`; else nil.
  func activation(_ name: String) -> Value? { fixed.contains(name) ? nil : values[name] }

  subscript(_ name: String) -> Value? {
    get { values[name] ?? graph.constants[name].map(Value.tensor) ?? parent?[name] }
    set { values[name] = newValue }
  }
}
