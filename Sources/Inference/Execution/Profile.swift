internal import ONNXGraph
internal import Synchronization

/// The time, multiply-adds and parameters of each node.
package final class Profile: Sendable {
  /// One node, over all profiled runs.
  package struct Row: Sendable {
    /// The node's name, else its first output.
    package let node: String
    package let operation: String
    /// The shape of the first output in the last call.
    package var shape: [Int]
    package var calls = 0
    package var seconds = 0.0
    /// Multiply-adds of the last call: those of matrix products and convolutions, padding included.
    package var lastMultiplyAdds = 0
    /// Multiply-adds of all calls.
    package var multiplyAdds = 0
    /// Floating-point elements of the inputs that depend only on the model, such as weights.
    package var parameters = 0
    /// Whether the node runs other nodes, which have their own rows.
    package var isContainer = false
  }

  private let rows = Mutex<(order: [String], byName: [String: Row])>(([], [:]))

  let tally = MultiplyAddTally()
  /// Counts live values, if wanted; this is exact only if nodes run one by one.
  let activations: ActivationTally?

  package convenience init() { self.init(activations: nil) }

  init(activations: ActivationTally?) { self.activations = activations }

  /// Adds one call; `operation` names all operators that were computed together.
  func add(_ node: Node, _ operation: String, _ result: Tensor?, _ duration: Duration, _ made: Row.Work) {
    let name = node.name.isEmpty ? (node.outputs.first ?? "") : node.name
    let parts = duration.components
    rows.withLock { rows in
      let key = name + "\0" + operation
      var row = rows.byName[key] ?? Row(node: name, operation: operation, shape: [])
      if row.calls == 0 { rows.order.append(key) }
      row.shape = result?.shape ?? []
      row.calls += 1
      row.lastMultiplyAdds = made.multiplyAdds
      row.multiplyAdds += made.multiplyAdds
      row.parameters = made.parameters
      row.isContainer = made.isContainer
      row.seconds += Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
      rows.byName[key] = row
    }
  }

  /// Rows in the order in which their nodes first ran.
  package var all: [Row] { rows.withLock { rows in rows.order.compactMap { rows.byName[$0] } } }
}

extension Profile.Row {
  /// The work of one call.
  struct Work {
    let multiplyAdds: Int
    let parameters: Int
    let isContainer: Bool
  }
}
