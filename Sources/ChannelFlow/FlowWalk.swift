internal import Inference
package import ONNXGraph
internal import Tensors

/// The labels of a weight during a walk.
package enum FlowWeight {
  /// The labels of each dimension; nil if it is not cut.
  case labels([[ChannelLabel]?])
  /// The sub-network does not have the weight.
  case absent
}

/// Follows the channels of a network from its inputs and weights to its outputs, node by node.
package struct FlowWalk {
  /// One node that the walk has processed.
  package struct Step {
    package let node: Node
    package let outputs: [FlowValue]
    package let dense: DenseNode
    /// Whether inactive channels of the outputs are zero if those of the inputs are.
    package let keepsZeros: Bool
  }

  package var model: Model { graph.model }
  package let context: FlowContext
  private let graph: WalkedGraph
  /// Extents of inputs that the model leaves open.
  private let inputShapes: [String: [Int]]
  private let weight: (TensorConstant, String) throws(FlowError) -> FlowWeight

  package private(set) var values: [String: FlowValue] = [:]
  package private(set) var steps: [Step] = []
  /// Values that the sub-network lacks, because they need a weight that it does not have.
  private var absent: Set<String> = []
  /// Values that have no channel in the sub-network, and values computed from them. Each has the number of the node at
  /// which this began.
  package private(set) var emptied: [String: Int] = [:]
  /// The values of `emptied` that cannot be followed in the masked network either.
  private var lost: Set<String> = []

  /// - Parameter weight: the labels of a tensor of the main graph, by its value's name.
  package init(
    _ graph: WalkedGraph, context: FlowContext, inputShapes: [String: [Int]],
    weight: @escaping (TensorConstant, String) throws(FlowError) -> FlowWeight
  ) {
    self.graph = graph
    self.context = context
    self.inputShapes = inputShapes
    self.weight = weight
  }

  /// Walks the whole graph. Afterwards, values that need a weight the sub-network lacks are missing from `values`.
  package mutating func run() throws(FlowError) {
    let graph = model.graph
    context.names = self.graph.names
    for tensor in graph.initializers { try add(tensor, tensor.name) }
    for tensor in graph.sparseInitializers { values[tensor.values.name] = sparse(tensor) }
    for input in graph.requiredInputs {
      var value = FlowValue(inputShapes[input.name] ?? InputShapes.declared(input))
      value.isRaw = InputShapes.isFloat(input)
      values[input.name] = bounded(value)
    }
    for (index, names) in try self.graph.nodes.get() {
      do throws(FlowError) { try pass(graph.nodes[index], index, names) } catch { throw .node(index, error) }
    }
    try finish()
  }

  /// Makes labels of outputs whole, unless outputs may be cut. Labels that an output counts become whole in any case.
  private func finish() throws(FlowError) {
    let labels = context.labels
    for output in model.graph.outputs {
      guard let value = values[output.name] else { continue }
      for label in value.factors.flatMap(\.labels) {
        labels.end(label)
        if !context.options.cutsLast { labels.fix(label, "it is part of output \(quoted(output.name))") }
      }
      for label in value.counted { labels.fix(label, "output \(quoted(output.name)) counts it") }
      if labels.isChecking, !value.counted.isEmpty {
        throw refusal(
          "output \(quoted(output.name))", "numbers that are the same in every sub-network",
          "a count of channels")
      }
    }
    labels.settle()
  }

  /// The value; or an unknown one, if its extents exceed those of any network and could overflow.
  private func bounded(_ value: FlowValue) -> FlowValue {
    guard let shape = value.shape else { return value }
    var count = 1
    for extent in shape {
      guard (0...Self.extentLimit).contains(extent) else { return .unknown }
      count = count.multipliedReportingOverflow(by: max(1, extent)).partialValue
      guard count <= Self.countLimit else { return .unknown }
    }
    return shape.count <= 64 ? value : .unknown
  }

  private static let extentLimit = 1 << 31
  private static let countLimit = 1 << 40

  private mutating func add(_ tensor: TensorConstant, _ name: String) throws(FlowError) {
    guard case .labels(let labels) = try weight(tensor, name) else {
      absent.insert(name)
      return
    }
    var value = bounded(FlowValue(tensor.shape))
    value.isConstant = true
    guard value.shape != nil else {
      values[name] = value
      return
    }
    for (dimension, list) in labels.enumerated() {
      if let list { value.factors.append(LabelFactor(dimensions: [dimension], labels: list)) }
    }
    value.constant = tensor
    // Elements of weights are not read, only small tensors: extents, bounds and factors.
    if !tensor.isFloatingPoint || tensor.elementCount <= 4 {
      value.known = graph.constant(tensor, name, context.small)
    }
    let isWhole = value.factors.allSatisfy { $0.labels.allSatisfy(context.labels.isKept) }
    if isWhole, !tensor.isFloatingPoint || value.factors.isEmpty { value.denseKnown = value.known }
    values[name] = value
  }

  /// A sparse tensor is not a weight of a plan: it stays whole.
  private func sparse(_ tensor: SparseConstant) -> FlowValue {
    var value = bounded(FlowValue(tensor.shape))
    value.isConstant = value.shape != nil
    return value
  }

  private mutating func pass(_ node: Node, _ index: Int, _ names: [String]) throws(FlowError) {
    if node.operation == "Constant", node.domain.isEmpty, let name = node.outputs.first {
      if case .tensor(let tensor)? = node.attributes["value"] {
        try add(tensor, name)
      } else if case .sparse(let tensor)? = node.attributes["sparse_value"] {
        values[name] = sparse(tensor)
      } else {
        values[name] = context.small.constant(node).map(FlowValue.constant) ?? .unknown
      }
      // The node stays, with its tensor; the dense graph replaces the tensor's elements.
      if values[name] != nil {
        steps.append(Step(node: node, outputs: [], dense: DenseNode(node), keepsZeros: true))
      }
      return
    }
    if names.contains(where: absent.contains) {
      absent.formUnion(node.outputs)
      return
    }
    let inputs = node.inputs.map { $0.isEmpty ? nil : values[$0] ?? .unknown }
    let call = FlowCall(node, inputs, opset: model.opsets[node.domain] ?? 0, context: context)
    if let name = names.first(where: { emptied[$0] != nil }) {
      if node.operation == "Concat", node.domain.isEmpty, let left = emptyParts(of: call) {
        return try follow(call, index, inputs, names, without: left)
      }
      for output in node.outputs { emptied[output] = emptied[name] }
      if names.contains(where: lost.contains) {
        lost.formUnion(node.outputs)
        return
      }
      // The sub-network lacks the node, but its masked network has it.
      do throws(FlowError) { try follow(call, index, inputs, names, isAbsent: true) } catch {
        if error.isFinal { throw error }
        lost.formUnion(node.outputs)
      }
      return
    }
    do throws(FlowError) { try follow(call, index, inputs, names) } catch {
      // This node and all later ones become whole; cuts before it are kept.
      guard error.isFinal, !context.labels.isChecking else { throw error }
      context.isExhausted = true
      let again = FlowCall(node, inputs, opset: call.opset, context: context)
      try follow(again, index, inputs, names)
    }
  }

  /// Inputs of a Concat without a position in the sub-network, if other inputs have positions. The dense node leaves
  /// them out.
  private func emptyParts(of call: FlowCall) -> Set<Int>? {
    var parts: Set<Int> = []
    for (place, name) in call.node.inputs.enumerated() where emptied[name] != nil {
      guard !lost.contains(name), let value = call.inputs[place], let full = value.shape,
        let dense = context.denseShape(value),
        let axis = call.axis(call.int("axis") ?? 1, rank: full.count), dense[axis] == 0,
        !zip(full, dense).enumerated().contains(where: { $0 != axis && $1.0 > 0 && $1.1 == 0 })
      else { return nil }
      parts.insert(place)
    }
    return parts.count < call.node.inputs.count ? parts : nil
  }

  /// Applies the rule of a node, and keeps its outputs.
  ///
  /// - Parameters:
  ///   - parts: inputs that the dense node does not have.
  ///   - isAbsent: whether the sub-network lacks the node.
  private mutating func follow(
    _ call: FlowCall, _ index: Int, _ inputs: [FlowValue?], _ names: [String], without parts: Set<Int> = [],
    isAbsent: Bool = false
  ) throws(FlowError) {
    let node = call.node
    // A subgraph computes with the values of this graph unchanged.
    let inner = names.dropFirst(node.inputs.count { !$0.isEmpty })
    for name in inner {
      try call.stop(values[name], "\(node.shown) has a graph that uses it")
      try call.stop(values[name]?.counted, "\(node.shown) has a graph that computes with it")
      values[name]?.factors = []
      values[name]?.counted = []
    }
    var outputs = try self.outputs(call, index, isPlain: inner.isEmpty)
    if inner.isEmpty { evaluate(call, inputs, &outputs) }
    try count(call, &outputs)
    try call.account(inputs, outputs) { graph.used.contains(node.outputs[$0]) }
    let isConstant = !inputs.isEmpty && inputs.allSatisfy { $0?.isConstant ?? true } && inner.isEmpty
    for place in node.outputs.indices where !node.outputs[place].isEmpty {
      var value = try stored(outputs.indices.contains(place) ? outputs[place] : .unknown, call)
      value.isConstant = isConstant
      if isEmptied(value), emptied[node.outputs[place]] == nil { emptied[node.outputs[place]] = index }
      values[node.outputs[place]] = value
    }
    // If the rule resolves joint labels, they are resolved for all later users of the value.
    for (name, input) in zip(node.inputs, call.inputs) {
      if let input, !name.isEmpty {
        values[name]?.factors = input.factors
        if context.isExhausted { values[name]?.counted = [] }
      }
    }
    if !parts.isEmpty { call.dense.remove(inputs: parts) }
    let dense = isAbsent ? DenseNode(node) : call.dense
    steps.append(Step(node: node, outputs: outputs, dense: dense, keepsZeros: call.keepsZeros))
  }

  private func outputs(_ call: FlowCall, _ index: Int, isPlain: Bool) throws(FlowError) -> [FlowValue] {
    // A rule gives the extents of the outputs even without labels.
    let exhausted = "there are more than \(FlowContext.labelLimit.grouped) channels to follow"
    if let reason = context.stopped[index] ?? (context.isExhausted ? exhausted : nil) {
      _ = try call.stopAll(reason)
    }
    guard let rule = FlowRules.rule(for: call.node) else {
      return try call.stopAll("\(call.node.shown) is an operator that the planner does not know")
    }
    guard isPlain else { return try call.stopAll("\(call.node.shown) \(FlowRules.subgraphs)") }
    if call.inputs.contains(where: { $0.map { $0.shape == nil } ?? false }) {
      return try call.unknownExtents()
    }
    return try rule(call)
  }

  /// An output that other nodes may use. Its labels are on dimensions that it has.
  private func stored(_ output: FlowValue, _ call: FlowCall) throws(FlowError) -> FlowValue {
    var value = bounded(output)
    if value.shape == nil {
      try call.stop(output, "the outputs of \(call.node.shown) are too large to follow")
      return value
    }
    var taken: Set<Int> = []
    var factors: [LabelFactor] = []
    for factor in value.factors {
      let isHandedOn = call.inputs.contains { input in
        input?.factors.contains { $0.labels.isSameList(factor.labels) } ?? false
      }
      if !isHandedOn { try call.spend(factor.labels.count) }
      if let shape = value.shape, factor.fits(shape), taken.isDisjoint(with: factor.dimensions) {
        taken.formUnion(factor.dimensions)
        factors.append(factor)
      } else {
        try call.stop(factor.labels, "\(call.node.shown) takes one channel out of it, or mixes dimensions")
      }
    }
    value.factors = factors
    return value
  }

  /// Whether the sub-network has no channel of a value, because all units of the value belong to other networks.
  private func isEmptied(_ value: FlowValue) -> Bool {
    guard context.labels.isChecking, let full = value.shape, let dense = context.denseShape(value) else {
      return false
    }
    return zip(full, dense).contains { $0 > 0 && $1 == 0 }
  }

  /// Passes counts of channels on to values computed from them. Any other use stops the labels: in a sub-network it
  /// would compute with another number.
  private func count(
    _ call: FlowCall, _ outputs: inout [FlowValue]
  ) throws(FlowError) {
    var counted: Set<ChannelLabel> = []
    for (place, input) in call.inputs.enumerated() where !call.adapted.contains(place) {
      guard let labels = input?.counted, !labels.isEmpty else { continue }
      try call.spend(labels.count)
      counted.formUnion(labels.map(context.labels.find))
    }
    if counted.isEmpty { return }
    guard outputs.allSatisfy({ $0.known != nil && $0.denseKnown != nil }) else {
      return try call.stop(
        counted.sorted(), "\(call.node.shown) computes with a number of channels")
    }
    for index in outputs.indices where !outputs[index].isSameInSubNetworks {
      outputs[index].counted = counted.union(outputs[index].counted).sorted()
    }
  }

  /// Computes small values that do not depend on the inputs' elements, for the whole network and for the dense one.
  private func evaluate(_ call: FlowCall, _ inputs: [FlowValue?], _ outputs: inout [FlowValue]) {
    guard !["Shape", "Size"].contains(call.node.operation),
      inputs.allSatisfy({ $0 == nil || $0?.known != nil }),
      inputs.contains(where: { $0 != nil })
    else { return }
    if let known = context.small.evaluate(call.node, inputs.map { $0?.known }, opset: call.opset) {
      for (place, tensor) in known.enumerated() where outputs.indices.contains(place) {
        outputs[place].known = tensor
        if outputs[place].shape == nil { outputs[place] = .constant(tensor) }
        outputs[place].denseKnown = nil
      }
    }
    guard inputs.allSatisfy({ $0 == nil || $0?.denseKnown != nil }) else { return }
    if let dense = context.small.evaluate(call.node, inputs.map { $0?.denseKnown }, opset: call.opset) {
      for (place, tensor) in dense.enumerated() where outputs.indices.contains(place) {
        outputs[place].denseKnown = tensor
      }
    }
  }

  private func refusal(_ place: String, _ expected: String, _ found: String) -> FlowError {
    .refused(path: context.path, place: place, expected: expected, found: found)
  }
}

extension FlowValue {
  /// Whether the known elements are the same in every sub-network.
  fileprivate var isSameInSubNetworks: Bool {
    guard let known, let denseKnown else { return false }
    return known.shape == denseKnown.shape
      && known.withBytes { one in denseKnown.withBytes { other in one.elementsEqual(other) } }
  }

  static func constant(_ tensor: Tensor) -> FlowValue {
    var value = FlowValue(tensor.shape)
    value.isConstant = true
    value.known = tensor
    value.denseKnown = tensor
    return value
  }
}

extension TensorConstant {
  /// Whether the elements are weights, not extents, positions or codes.
  package var isFloatingPoint: Bool { [.float, .double, .float16, .bfloat16].contains(type) }
}

extension Graph {
  /// The values that the outputs need. A graph without outputs only stores tensors; all its values are needed.
  var neededNames: Set<String> {
    if outputs.isEmpty { return Set(nodes.flatMap { $0.usedNames + $0.outputs }) }
    var makers: [String: Int] = [:]
    for (index, node) in nodes.enumerated() { for name in node.outputs { makers[name] = index } }
    var needed = Set(outputs.map(\.name))
    var left = Array(needed)
    var seen: Set<Int> = []
    while let name = left.popLast() {
      guard let maker = makers[name], seen.insert(maker).inserted else { continue }
      for name in nodes[maker].usedNames where needed.insert(name).inserted { left.append(name) }
    }
    return needed
  }
}
