internal import Inference
package import ONNXGraph

/// What a weight of the graph is to a walk.
package enum FlowWeight {
  /// Per dimension its labels; nil where it is not cut.
  case labels([[ChannelLabel]?])
  /// The sub-network does not have it.
  case absent
}

/// Follows the channels of a network from its inputs and weights to its outputs, node by node.
package struct FlowWalk {
  /// One node that the walk has passed.
  package struct Step {
    package let node: Node
    package let outputs: [FlowValue]
    package let dense: DenseNode
    /// Whether inactive channels of the outputs are zero because those of the inputs are.
    package let keepsZeros: Bool
  }

  package let model: Model
  package let context: FlowContext
  /// Extents of inputs that the model leaves open.
  private let inputShapes: [String: [Int]]
  private let weight: (TensorConstant, String) throws(FlowError) -> FlowWeight

  package private(set) var values: [String: FlowValue] = [:]
  package private(set) var steps: [Step] = []

  /// - Parameter weight: what a tensor of the main graph is, by the name of its value.
  package init(
    _ model: Model, context: FlowContext, inputShapes: [String: [Int]],
    weight: @escaping (TensorConstant, String) throws(FlowError) -> FlowWeight
  ) {
    self.model = model
    self.context = context
    self.inputShapes = inputShapes
    self.weight = weight
  }

  /// Walks the whole graph. Values that need a weight the sub-network does not have are not there afterwards.
  package mutating func run() throws(FlowError) {
    let graph = model.graph
    if let sparse = graph.sparseInitializers.first {
      throw refusal("tensor \(quoted(sparse.values.name))", "dense tensors", "a sparse one")
    }
    for tensor in graph.initializers { try add(tensor, tensor.name) }
    for input in graph.requiredInputs {
      var value = FlowValue(inputShapes[input.name] ?? InputShapes.declared(input))
      value.isRaw = InputShapes.isFloat(input)
      values[input.name] = bounded(value)
    }
    let order: [Int]
    do throws(GraphDefect) { order = try model.nodeOrder() } catch {
      throw .inference(InferenceError(error, in: model))
    }
    for index in order {
      let node = graph.nodes[index]
      if node.operation == "Constant", node.domain.isEmpty, let name = node.outputs.first {
        if case .tensor(let tensor)? = node.attributes["value"] {
          try add(tensor, name)
        } else if let known = context.small.constant(node) {
          values[name] = .constant(known)
        }
        // The node stays, with its tensor; a dense one is given another.
        if values[name] != nil {
          steps.append(Step(node: node, outputs: [], dense: DenseNode(node), keepsZeros: true))
        }
        continue
      }
      try pass(node)
    }
  }

  /// The value, or one that nothing is known of: numbers of a file that are beyond every network's would overflow.
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
    guard case .labels(let labels) = try weight(tensor, name) else { return }
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
    // Weights are not read to be followed: only what says extents, bounds and factors.
    if !tensor.isFloatingPoint || tensor.elementCount <= 4 { value.known = context.small.constant(tensor) }
    let isWhole = value.factors.allSatisfy { $0.labels.allSatisfy(context.labels.isKept) }
    if isWhole, !tensor.isFloatingPoint || value.factors.isEmpty { value.denseKnown = value.known }
    values[name] = value
  }

  private mutating func pass(_ node: Node) throws(FlowError) {
    let used = node.usedNames
    if used.contains(where: { values[$0] == nil }) { return }
    let inputs = node.inputs.map { $0.isEmpty ? nil : values[$0] }
    let call = FlowCall(node, inputs, opset: model.opsets[node.domain] ?? 0, context: context)
    var outputs: [FlowValue]
    // Graphs among the attributes see values of this one as they are.
    let inner = used.filter { !node.inputs.contains($0) }
    if let rule = FlowRules.rule(for: node), inner.isEmpty {
      outputs = try rule(call)
      for (place, name) in node.inputs.enumerated() where !call.touched.contains(place) && !name.isEmpty {
        try fix(name, at: call, "\(node.shown) takes it for something else than channels")
      }
    } else {
      let reason = "\(node.shown) is an operator that the planner does not know"
      for name in used { try fix(name, at: call, reason) }
      outputs = node.outputs.map { _ in FlowValue.unknown }
    }
    let isConstant = !inputs.isEmpty && inputs.allSatisfy { $0?.isConstant ?? true } && inner.isEmpty
    fold(call, inputs, &outputs)
    for (name, output) in zip(node.outputs, outputs) where !name.isEmpty {
      var value = bounded(output)
      if value.shape == nil, output.shape != nil {
        for factor in output.factors {
          call.fix(factor.labels, "\(node.shown) makes more than can be followed")
        }
      }
      value.isConstant = isConstant
      values[name] = value
    }
    for name in node.outputs.dropFirst(outputs.count) where !name.isEmpty { values[name] = .unknown }
    // What the rule has learnt of joint labels holds for whoever sees the value next.
    for (name, input) in zip(node.inputs, call.inputs) {
      if let input, !name.isEmpty { values[name]?.factors = input.factors }
    }
    steps.append(Step(node: node, outputs: outputs, dense: call.dense, keepsZeros: call.keepsZeros))
  }

  private func fix(_ name: String, at call: FlowCall, _ reason: String) throws(FlowError) {
    for factor in values[name]?.factors ?? [] {
      call.fix(factor.labels, reason)
      if context.labels.isChecking, factor.labels.contains(where: { $0 != 0 }) {
        throw call.refusal("values that are whole, since nobody knows this operator's channels", "a cut")
      }
    }
  }

  /// Small values that do not depend on the inputs' elements are computed here, for the whole network and the dense one.
  private func fold(_ call: FlowCall, _ inputs: [FlowValue?], _ outputs: inout [FlowValue]) {
    let isShape = ["Shape", "Size"].contains(call.node.operation)
    guard !isShape, !inputs.isEmpty, inputs.allSatisfy({ $0 == nil || $0?.known != nil }),
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
  static func constant(_ tensor: Tensor) -> FlowValue {
    var value = FlowValue(tensor.shape)
    value.isConstant = true
    value.known = tensor
    value.denseKnown = tensor
    return value
  }
}

extension TensorConstant {
  /// Whether the elements are weights rather than extents, places or codes.
  package var isFloatingPoint: Bool { [.float, .double, .float16, .bfloat16].contains(type) }
}
