internal import Synchronization

/// The most bytes of values that are alive at one time.
///
/// A value is alive from the node that makes it (an input: from the start) to the end of the last node that uses it;
/// outputs stay alive. Values that share memory, such as those of a Reshape, count once. Values that the model
/// contains, or that depend only on the model, are not activations. Neither is memory that an operator needs while it
/// runs.
final class ActivationTally: Sendable {
  private struct State {
    /// The number of names of each block of memory.
    var names: [ObjectIdentifier: Int] = [:]
    var graphs: Set<ObjectIdentifier> = []
    var constants: Set<ObjectIdentifier> = []
    var alive = 0
    var peak = 0
  }

  private let state = Mutex(State())

  var peak: Int { state.withLock { $0.peak } }

  /// Excludes the constants of a graph, which live as long as the graph. Repeated calls (trips of a loop) change
  /// nothing.
  func leaveOut(_ graph: CompiledGraph) {
    state.withLock { state in
      guard state.graphs.insert(ObjectIdentifier(graph)).inserted else { return }
      state.constants.formUnion(graph.constants.values.map { ObjectIdentifier($0.storage) })
    }
  }

  /// Counts a value's memory, unless another name already refers to it.
  func hold(_ tensor: Tensor) {
    let memory = ObjectIdentifier(tensor.storage)
    state.withLock { state in
      if state.constants.contains(memory) { return }
      if state.names[memory, default: 0] == 0 { state.alive += tensor.count * tensor.type.width }
      state.names[memory, default: 0] += 1
      state.peak = max(state.peak, state.alive)
    }
  }

  /// Removes one name of a value's memory; removing the last name ends its life.
  func drop(_ tensor: Tensor) {
    let memory = ObjectIdentifier(tensor.storage)
    state.withLock { state in
      guard let count = state.names[memory] else { return }
      state.names[memory] = count == 1 ? nil : count - 1
      if count == 1 { state.alive -= tensor.count * tensor.type.width }
    }
  }
}
