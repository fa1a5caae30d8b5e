internal import ONNXGraph

/// A graph that is ready to run: constants in memory, nodes in order, operators found.
final class CompiledGraph: Sendable {
  let name: String
  let inputs: [ValueInfo]
  let outputs: [String]
  /// As they are declared.
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

  /// One node.
  struct Step: Sendable {
    let node: Node
    let action: Action
    /// Version of ONNX's operator set here.
    let opset: Int
    /// The graphs among the node's attributes.
    let subgraphs: [String: CompiledGraph]
    /// Values that nobody needs after this step.
    let releases: [String]
    /// Operators of the model's nodes that this step is.
    var operations: [String]
    /// What is to be done to the first output.
    var end: End?

    init(
      node: Node, action: Action, opset: Int, subgraphs: [String: CompiledGraph], releases: [String]
    ) {
      self.node = node
      self.action = action
      self.opset = opset
      self.subgraphs = subgraphs
      self.releases = releases
      operations = [node.operation]
    }
  }

  /// Nodes that an operator may do with its own.
  struct End: Sendable {
    /// What the first of them knows the operator's output as.
    let head: String
    let residual: String?
    let activation: Activation
    let followers: [Step]
  }

  enum Action: Sendable {
    case evaluate(any Operator.Type)
    /// A function of the model's own.
    case call(CompiledGraph)
  }
}

/// Values by name while a graph runs; a graph within another sees its values too.
final class Scope {
  private let graph: CompiledGraph
  private let parent: Scope?
  private var values: [String: Tensor] = [:]
  private var fixed: Set<String> = []

  init(_ graph: CompiledGraph, within parent: Scope?) {
    self.graph = graph
    self.parent = parent
  }

  /// Whether a value is one that the model holds.
  func isConstant(_ name: String) -> Bool {
    values[name] == nil && (graph.constants[name] != nil || parent?.isConstant(name) ?? false)
  }

  /// Whether a value is one that the model holds, or follows from such as far as `fix` was told.
  func isFixed(_ name: String) -> Bool {
    if fixed.contains(name) { return true }
    return values[name] == nil && (graph.constants[name] != nil || parent?.isFixed(name) ?? false)
  }

  /// Remembers that a value follows from what the model holds.
  func fix(_ name: String) { fixed.insert(name) }

  /// The values that are here, not in what the graph is within, and that do not follow from the model alone.
  var activations: [Tensor] { values.filter { !fixed.contains($0.key) }.map(\.value) }

  /// One of these values.
  func activation(_ name: String) -> Tensor? { fixed.contains(name) ? nil : values[name] }

  subscript(_ name: String) -> Tensor? {
    get { values[name] ?? graph.constants[name] ?? parent?[name] }
    set { values[name] = newValue }
  }
}
