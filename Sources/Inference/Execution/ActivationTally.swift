internal import Synchronization

/// The most bytes of values that are alive at one time.
///
/// A value is alive from when a node makes it, an input from the start, until the last node that uses it is done; outputs
/// stay. Values that share memory, as those of a Reshape, count once. What the model holds, or what follows from that alone,
/// is no activation, nor is what an operator needs within itself.
final class ActivationTally: Sendable {
  private struct State {
    /// How many names each memory has.
    var names: [ObjectIdentifier: Int] = [:]
    var graphs: Set<ObjectIdentifier> = []
    var constants: Set<ObjectIdentifier> = []
    var alive = 0
    var peak = 0
  }

  private let state = Mutex(State())

  var peak: Int { state.withLock { $0.peak } }

  /// Leaves out what a graph holds, which stays as long as the graph does; a loop says so in every trip.
  func leaveOut(_ graph: CompiledGraph) {
    state.withLock { state in
      guard state.graphs.insert(ObjectIdentifier(graph)).inserted else { return }
      state.constants.formUnion(graph.constants.values.map { ObjectIdentifier($0.storage) })
    }
  }

  /// A value gets a name.
  func hold(_ tensor: Tensor) {
    let memory = ObjectIdentifier(tensor.storage)
    state.withLock { state in
      if state.constants.contains(memory) { return }
      if state.names[memory, default: 0] == 0 { state.alive += tensor.count * tensor.type.width }
      state.names[memory, default: 0] += 1
      state.peak = max(state.peak, state.alive)
    }
  }

  /// A name is needed no more.
  func drop(_ tensor: Tensor) {
    let memory = ObjectIdentifier(tensor.storage)
    state.withLock { state in
      guard let count = state.names[memory] else { return }
      state.names[memory] = count == 1 ? nil : count - 1
      if count == 1 { state.alive -= tensor.count * tensor.type.width }
    }
  }
}
