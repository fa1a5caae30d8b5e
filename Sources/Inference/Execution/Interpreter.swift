internal import ONNXGraph

/// The data that all graphs of a run share.
final class RunContext: Sendable {
  let backend: any Backend
  let budget: RunBudget
  let path: String
  /// Reads tensors stored in attributes of nodes.
  let constants: ConstantLoader
  let profile: Profile?
  /// Receives every value of the main graph as soon as it is computed.
  let observer: (@Sendable (String, Tensor) -> Void)?
  /// Asked before each node; the run ends there with an error.
  let isCancelled: @Sendable () -> Bool

  init(
    backend: any Backend, budget: RunBudget, path: String, constants: ConstantLoader, profile: Profile?,
    observer: (@Sendable (String, Tensor) -> Void)? = nil,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.observer = observer
    self.isCancelled = isCancelled
    // A profile needs the number of multiply-adds.
    self.backend = profile.map { TallyingBackend(inner: backend, tally: $0.tally) } ?? backend
    self.budget = budget
    self.path = path
    self.constants = constants
    self.profile = profile
  }

  /// The evaluations so far of nodes that draw random numbers.
  let evaluations = EvaluationCounts()

  var strings: StringPool { constants.strings }
}

/// The outputs of a node. Most are tensors, whose list is used as the operator made it.
private enum Results {
  case tensors([Tensor])
  case values([Value])

  var count: Int {
    switch self {
    case .tensors(let list): list.count
    case .values(let list): list.count
    }
  }

  subscript(_ index: Int) -> Value {
    switch self {
    case .tensors(let list): .tensor(list[index])
    case .values(let list): list[index]
    }
  }
}

/// Runs graphs, node by node.
struct Interpreter {
  let run: RunContext

  /// The outputs of `graph`, whose inputs are in `scope`.
  func outputs(of graph: CompiledGraph, in scope: Scope) throws(InferenceError) -> [Value] {
    let activations = run.profile?.activations
    let place = "graph \(quoted(graph.name))"
    activations?.leaveOut(graph)
    do { try run.budget.spend(graph.inputs.count + graph.outputs.count) } catch {
      throw error.placed(place, path: run.path)
    }
    if let activations {
      for value in scope.activations { try tally(value, place, activations.hold) }
    }
    for step in graph.steps {
      try perform(step, in: scope)
      for name in step.releases {
        if let activations, let value = scope.activation(name) {
          try tally(value, step.node.shown, activations.drop)
        }
        scope[name] = nil
      }
    }
    // The outer graph now has the subgraph's outputs under its own names.
    if let activations {
      for value in scope.activations { try tally(value, place, activations.drop) }
    }
    var results: [Value] = []
    for name in graph.outputs {
      guard let value = scope[name] else {
        throw .refused(
          kind: .invalid, path: run.path, place: "output \(quoted(name))", expected: "a value", found: "none")
      }
      results.append(try unpacked(value, place: "output \(quoted(name))"))
    }
    return results
  }

  /// The value with its elements in memory.
  private func unpacked(_ value: Value, place: String) throws(InferenceError) -> Value {
    guard case .tensor(let tensor) = value, tensor.stored != nil else { return value }
    do { return .tensor(try tensor.unpacked(threads: run.backend.threads)) } catch {
      throw error.placed(place, path: run.path)
    }
  }

  /// Counts the tensors of a value under one more name, or one less. A sequence in a loop can have more tensors in each
  /// trip, so they cost steps.
  private func tally(
    _ value: Value, _ place: String, _ change: (Tensor) -> Void
  ) throws(InferenceError) {
    if case .tensor(let tensor) = value { return change(tensor) }
    let tensors = value.tensors
    do { try run.budget.spend(tensors.count, TensorSequence.copyCost) } catch {
      throw error.placed(place, path: run.path)
    }
    tensors.forEach(change)
  }

  private func perform(_ step: CompiledGraph.Step, in scope: Scope) throws(InferenceError) {
    let node = step.node
    if run.isCancelled() {
      throw .refused(
        kind: .cancelled, path: run.path, place: node.shown, expected: "a run to its end",
        found: "a cancelled one")
    }
    do {
      try run.budget.visit(
        items: node.inputs.count + node.outputs.count + step.releases.count + step.attributeItems)
    } catch { throw error.placed(node.shown, path: run.path) }
    var inputs: [Tensor?] = []
    inputs.reserveCapacity(node.inputs.count)
    var others: [Int: Value] = [:]
    for name in node.inputs {
      if name.isEmpty {
        inputs.append(nil)
        continue
      }
      guard var value = scope[name] else { throw missing(name, node.shown) }
      if !step.readsStored(inputs.count), case .tensor(let tensor) = value, tensor.stored != nil {
        value = try unpacked(value, place: node.shown)
        scope.replace(name, by: value)
      }
      if case .tensor(let tensor) = value {
        inputs.append(tensor)
      } else {
        others[inputs.count] = value
        inputs.append(nil)
      }
    }
    let start = run.profile == nil ? nil : ContinuousClock.now
    let countedBefore = run.profile?.tally.count ?? 0
    var results: Results
    if case .call(let function) = step.action {
      let inner = Scope(function, within: nil)
      for (place, (input, tensor)) in zip(function.inputs, inputs).enumerated() {
        inner[input.name] = tensor.map(Value.tensor) ?? others[place]
        if scope.isFixed(node.inputs[place]) { inner.fix(input.name) }
      }
      results = .values(try outputs(of: function, in: inner))
    } else {
      var pending: PendingEpilogue?
      if let end = step.end { pending = try self.pending(end, in: scope) }
      let call = OperatorCall(
        node: node, inputs: inputs, others: others, opset: step.opset, run: run, subgraphs: step.subgraphs,
        scope: scope, pending: pending)
      do throws(OperatorError) { results = try evaluate(step, call) } catch {
        throw error.placed(node.shown, path: run.path)
      }
      if case .fused(_, let nodes) = step.action, results.count == 0 {
        results = .values([try outputs(of: nodes, in: scope)])
      }
      if let end = step.end, pending?.isDone == false, results.count > 0 {
        results = .values([try finished(results[0], end, in: scope)])
      }
    }
    guard node.outputs.count <= results.count || node.outputs.dropFirst(results.count).allSatisfy(\.isEmpty)
    else {
      throw .refused(
        kind: .unsupported, path: run.path, place: node.shown, expected: "at most \(results.count) outputs",
        found: "\(node.outputs.count)")
    }
    // Weights that were not read are zeros without memory. Values computed only from the model become such zeros too.
    if run.constants.shapesOnly, isFixed(step, in: scope),
      inputs.contains(where: { $0?.standsForWeights ?? false })
        || others.values.contains(where: { $0.tensors.contains(where: \.standsForWeights) })
    {
      do throws(OperatorError) {
        var zeros: [Value] = []
        for index in 0..<results.count { zeros.append(try self.zeros(like: results[index])) }
        results = .values(zeros)
      } catch { throw error.placed(node.shown, path: run.path) }
    }
    for (name, index) in zip(node.outputs, 0..<results.count) where !name.isEmpty {
      var value = results[index]
      if run.observer != nil { value = try unpacked(value, place: node.shown) }
      scope[name] = value
      if let observer = run.observer, case .tensor(let tensor) = value { observer(name, tensor) }
    }
    guard let start else { return }
    let duration = ContinuousClock.now - start
    let isContainer = isContainer(step)
    let isFixed = isFixed(step, in: scope)
    var parameters = 0
    if isFixed {
      // Weights are counted at the node that combines them with a value that depends on the inputs.
      for name in node.outputs { scope.fix(name) }
    } else if !isContainer {
      for (place, name) in node.inputs.enumerated() where scope.isFixed(name) {
        for tensor in inputs[place].map({ [$0] }) ?? others[place]?.tensors ?? []
        where tensor.type.isFloatingPoint { parameters += tensor.count }
      }
    }
    if let activations = run.profile?.activations {
      for name in node.outputs {
        if let value = scope.activation(name) { try tally(value, node.shown, activations.hold) }
      }
    }
    let counted = (run.profile?.tally.count ?? 0) - countedBefore
    run.profile?.add(
      node, step.operations.joined(separator: "+"), results.count > 0 ? results[0].tensor : nil, duration,
      Profile.Row.Work(
        multiplyAdds: counted, parameters: parameters, isContainer: isContainer))
  }

  /// The outputs of a step that is no call of a function.
  private func evaluate(_ step: CompiledGraph.Step, _ call: OperatorCall) throws(OperatorError) -> Results {
    // Operators that walk over the outer axes of a tensor do so even if it has no elements.
    for input in call.inputs {
      if let positions = input?.emptyPositions, positions > 0 { try run.budget.spend(positions) }
    }
    switch step.action {
    case .evaluate(let known):
      if let (place, other) = call.others.min(by: { $0.key < $1.key }) {
        throw call.wrong(place, "a tensor", found: other.words)
      }
      let results = try known.evaluate(call)
      for result in results { try run.budget.spend(result.count) }
      return .tensors(results)
    case .evaluateValues(let known):
      let results = try known.values(call)
      for case .tensor(let result) in results { try run.budget.spend(result.count) }
      return .values(results)
    case .fused(let fused, _):
      guard call.others.isEmpty, let result = try fused.evaluate(call) else { return .values([]) }
      try run.budget.spend(result.count)
      return .tensors([result])
    case .call: return .values([])
    }
  }

  /// Zeros without memory in place of floating-point numbers.
  private func zeros(like value: Value) throws(OperatorError) -> Value {
    func zeros(_ tensor: Tensor) throws(OperatorError) -> Tensor {
      tensor.type.isFloatingPoint ? try Tensor(zerosOf: tensor.type, tensor.shape, run.budget) : tensor
    }
    switch value {
    case .tensor(let tensor): return .tensor(try zeros(tensor))
    case .sequence(let sequence):
      var tensors: [Tensor] = []
      for tensor in sequence.tensors { tensors.append(try zeros(tensor)) }
      return .sequence(try TensorSequence(sequence.type, tensors, run.budget))
    case .map, .maps, .empty: return value
    }
  }

  /// Whether a step runs other nodes.
  private func isContainer(_ step: CompiledGraph.Step) -> Bool {
    if case .call = step.action { true } else { !step.subgraphs.isEmpty }
  }

  /// Whether the node's outputs depend only on the model.
  private func isFixed(_ step: CompiledGraph.Step, in scope: Scope) -> Bool {
    !isContainer(step) && step.node.inputs.allSatisfy { $0.isEmpty || scope.isFixed($0) }
  }

  private func missing(_ name: String, _ place: String) -> InferenceError {
    .refused(
      kind: .invalid, path: run.path, place: place, expected: "a value for its input",
      found: "none for \(quoted(name))")
  }

  /// The fused nodes, as an epilogue that the operator may apply.
  private func pending(
    _ end: CompiledGraph.End, in scope: Scope
  ) throws(InferenceError) -> PendingEpilogue {
    var residual: Tensor?
    if let name = end.residual {
      let place = end.followers.first?.node.shown ?? quoted(end.head)
      guard let stored = scope[name] else { throw missing(name, place) }
      let value = try unpacked(stored, place: place)
      guard case .tensor(let tensor) = value else {
        throw OperatorError("a tensor", found: value.words, subject: "input \(quoted(name))")
          .placed(place, path: run.path)
      }
      residual = tensor
    }
    return PendingEpilogue(Epilogue(residual: residual, activation: end.activation))
  }

  /// Runs the fused nodes one by one, because the operator did not apply them.
  private func finished(
    _ head: Value, _ end: CompiledGraph.End, in scope: Scope
  ) throws(InferenceError) -> Value {
    scope[end.head] = head
    defer { scope[end.head] = nil }
    return try outputs(of: end.followers, in: scope)
  }

  /// Runs nodes whose values in between have no other users, and returns the output of the last one.
  private func outputs(
    of steps: [CompiledGraph.Step], in scope: Scope
  ) throws(InferenceError) -> Value {
    for step in steps { try perform(step, in: scope) }
    defer { for step in steps { for name in step.node.outputs { scope[name] = nil } } }
    guard let name = steps.last?.node.outputs.first, let value = scope[name] else {
      throw missing(steps.last?.node.outputs.first ?? "", steps.last?.node.shown ?? "")
    }
    return value
  }
}
