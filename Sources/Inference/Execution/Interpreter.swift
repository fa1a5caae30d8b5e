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

/// Runs graphs, node by node.
struct Interpreter {
  let run: RunContext

  /// The outputs of `graph`, whose inputs are in `scope`.
  func outputs(of graph: CompiledGraph, in scope: Scope) throws(InferenceError) -> [Tensor] {
    let activations = run.profile?.activations
    activations?.leaveOut(graph)
    do { try run.budget.spend(graph.inputs.count + graph.outputs.count) } catch {
      throw error.placed("graph \(quoted(graph.name))", path: run.path)
    }
    if let activations { scope.activations.forEach(activations.hold) }
    for step in graph.steps {
      try perform(step, in: scope)
      for name in step.releases {
        if let activations, let tensor = scope.activation(name) { activations.drop(tensor) }
        scope[name] = nil
      }
    }
    // The outer graph now has the subgraph's outputs under its own names.
    if let activations { scope.activations.forEach(activations.drop) }
    var results: [Tensor] = []
    for name in graph.outputs {
      guard let tensor = scope[name] else {
        throw .refused(
          kind: .invalid, path: run.path, place: "output \(quoted(name))", expected: "a value", found: "none")
      }
      results.append(tensor)
    }
    return results
  }

  private func perform(_ step: CompiledGraph.Step, in scope: Scope) throws(InferenceError) {
    let node = step.node
    if run.isCancelled() {
      throw .refused(
        kind: .cancelled, path: run.path, place: node.shown, expected: "a run to its end",
        found: "a cancelled one")
    }
    do {
      try run.budget.visit(names: node.inputs.count + node.outputs.count + step.releases.count)
    } catch { throw error.placed(node.shown, path: run.path) }
    var inputs: [Tensor?] = []
    inputs.reserveCapacity(node.inputs.count)
    for name in node.inputs {
      let tensor = name.isEmpty ? nil : scope[name]
      guard tensor != nil || name.isEmpty else {
        throw .refused(
          kind: .invalid, path: run.path, place: node.shown, expected: "a value for its input",
          found:
            "none for \(quoted(name))")
      }
      inputs.append(tensor)
    }
    let start = run.profile == nil ? nil : ContinuousClock.now
    let countedBefore = run.profile?.tally.count ?? 0
    var results: [Tensor]
    switch step.action {
    case .evaluate(let known):
      var pending: PendingEpilogue?
      if let end = step.end { pending = try self.pending(end, in: scope) }
      let call = OperatorCall(
        node: node, inputs: inputs, opset: step.opset, run: run, subgraphs: step.subgraphs, scope: scope,
        pending: pending)
      do throws(OperatorError) {
        results = try known.evaluate(call)
        for result in results { try run.budget.spend(result.count) }
      } catch { throw error.placed(node.shown, path: run.path) }
      if let end = step.end, pending?.isDone == false, let first = results.first {
        results = [try finished(first, end, in: scope)]
      }
    case .call(let function):
      let inner = Scope(function, within: nil)
      for (place, (input, tensor)) in zip(function.inputs, inputs).enumerated() {
        inner[input.name] = tensor
        if scope.isFixed(node.inputs[place]) { inner.fix(input.name) }
      }
      results = try outputs(of: function, in: inner)
    }
    guard node.outputs.count <= results.count || node.outputs.dropFirst(results.count).allSatisfy(\.isEmpty)
    else {
      throw .refused(
        kind: .unsupported, path: run.path, place: node.shown, expected: "at most \(results.count) outputs",
        found: "\(node.outputs.count)")
    }
    // Weights that were not read are zeros without memory. Values computed only from the model become such zeros too.
    if run.constants.shapesOnly, inputs.contains(where: { $0?.standsForWeights ?? false }),
      isFixed(step, in: scope)
    {
      do throws(OperatorError) {
        for (index, result) in results.enumerated() where result.type.isFloatingPoint {
          results[index] = try Tensor(zerosOf: result.type, result.shape, run.budget)
        }
      } catch { throw error.placed(node.shown, path: run.path) }
    }
    for (name, tensor) in zip(node.outputs, results) where !name.isEmpty {
      scope[name] = tensor
      run.observer?(name, tensor)
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
      for (name, tensor) in zip(node.inputs, inputs) where scope.isFixed(name) {
        parameters += tensor.map { $0.type.isFloatingPoint ? $0.count : 0 } ?? 0
      }
    }
    if let activations = run.profile?.activations {
      for name in node.outputs { if let tensor = scope.activation(name) { activations.hold(tensor) } }
    }
    let counted = (run.profile?.tally.count ?? 0) - countedBefore
    run.profile?.add(
      node, step.operations.joined(separator: "+"), results.first, duration,
      Profile.Row.Work(
        multiplyAdds: counted, parameters: parameters, isContainer: isContainer))
  }

  /// Whether a step runs other nodes.
  private func isContainer(_ step: CompiledGraph.Step) -> Bool {
    if case .call = step.action { true } else { !step.subgraphs.isEmpty }
  }

  /// Whether the node's outputs depend only on the model.
  private func isFixed(_ step: CompiledGraph.Step, in scope: Scope) -> Bool {
    !isContainer(step) && step.node.inputs.allSatisfy { $0.isEmpty || scope.isFixed($0) }
  }

  /// The fused nodes, as an epilogue that the operator may apply.
  private func pending(
    _ end: CompiledGraph.End, in scope: Scope
  ) throws(InferenceError) -> PendingEpilogue {
    var residual: Tensor?
    if let name = end.residual {
      residual = scope[name]
      guard residual != nil else {
        throw .refused(
          kind: .invalid, path: run.path, place: end.followers.first?.node.shown ?? quoted(end.head),
          expected: "a value for its input", found: "none for \(quoted(name))")
      }
    }
    return PendingEpilogue(Epilogue(residual: residual, activation: end.activation))
  }

  /// Runs the fused nodes one by one, because the operator did not apply them.
  private func finished(
    _ head: Tensor, _ end: CompiledGraph.End, in scope: Scope
  ) throws(InferenceError) -> Tensor {
    scope[end.head] = head
    var result = head
    // Each value in between has only one user, the next node.
    var last = end.head
    for step in end.followers {
      try perform(step, in: scope)
      scope[last] = nil
      if let name = step.node.outputs.first, let made = scope[name] { (result, last) = (made, name) }
    }
    return result
  }
}
