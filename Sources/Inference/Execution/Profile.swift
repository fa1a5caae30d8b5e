internal import ONNXGraph
internal import Synchronization

/// How long each node took.
package final class Profile: Sendable {
  /// One node over all runs that were profiled.
  package struct Row: Sendable {
    /// The node's name, else its first output.
    package let node: String
    package let operation: String
    /// Of the first output, of the last run.
    package var shape: [Int]
    package var calls = 0
    package var seconds = 0.0
    /// Multiply-adds of one call, as the budget counts them: of matrix products, convolutions, pooling and reductions.
    package var steps = 0
    /// Multiply-adds of all calls, of matrix products and convolutions alone; known where they are only counted.
    package var multiplyAdds = 0
    /// Floating-point elements of the inputs that the model holds, or that follow from what it holds.
    package var parameters = 0
    /// Whether the node runs others, which have rows of their own.
    package var isContainer = false
  }

  private let rows = Mutex<(order: [String], byName: [String: Row])>(([], [:]))

  /// What a `CountingBackend` counts.
  let tally = MultiplyAddTally()

  package init() {}

  /// `operation` names all operators that were done at once.
  func add(_ node: Node, _ operation: String, _ result: Tensor?, _ duration: Duration, _ made: Row.Work) {
    let name = node.name.isEmpty ? (node.outputs.first ?? "") : node.name
    let parts = duration.components
    rows.withLock { rows in
      let key = name + "\0" + operation
      var row = rows.byName[key] ?? Row(node: name, operation: operation, shape: [])
      if row.calls == 0 { rows.order.append(key) }
      row.shape = result?.shape ?? []
      row.calls += 1
      row.steps = made.steps
      row.multiplyAdds += made.multiplyAdds
      row.parameters = made.parameters
      row.isContainer = made.isContainer
      row.seconds += Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
      rows.byName[key] = row
    }
  }

  /// In the order in which nodes first ran.
  package var all: [Row] { rows.withLock { rows in rows.order.compactMap { rows.byName[$0] } } }
}

extension Profile.Row {
  /// What one call was.
  struct Work {
    let steps: Int
    let multiplyAdds: Int
    let parameters: Int
    let isContainer: Bool
  }
}
