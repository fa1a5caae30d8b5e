internal import ByteFiles
internal import ChannelFlow
package import Inference
internal import ONNXGraph
package import SubNetworks
internal import Tensors
package import UnitModel

/// Runs the networks of tasks on their data, with all units or some of them.
package final class TaskRuns {
  /// The network without a plan; its graph has the names of values.
  package let network: NetworkModel
  /// The plan, in which tensors with every channel of an axis are cut.
  package let plan: ResolvedPlan
  package let data: TaskData

  private let threads: Int
  private let limits: RunLimits
  private var losses: [VirtualNetwork: Double] = [:]

  /// The most bytes of one input, and the most samples, of a run.
  private static let batchBytes = 16 << 20
  private static let batchLimit = 512

  package init(
    _ network: NetworkModel, plan: ResolvedPlan, data: TaskData, threads: Int, limits: RunLimits
  ) {
    (self.network, self.plan, self.data) = (network, plan, data)
    (self.threads, self.limits) = (threads, limits)
  }

  /// The mean loss of a task with these units, on every axis or on one, to six significant digits: the rounding of sums
  /// decides nothing.
  package func loss(_ task: TaskID, units: UnitSet, on axis: AxisName? = nil) throws -> Double {
    let chosen = try plan.wholeNetwork(of: task).replacing(units: units, on: axis)
    if let known = losses[chosen] { return known }
    let labels = try data.rows(of: "labels", for: task)
    let numbers = try Self.numbers(labels, path: network.model.path)
    var loss = TaskLoss()
    try run(chosen) { outputs, rows in
      guard outputs.count == 1, let output = outputs.first else {
        throw LearningError(
          path: network.model.path, place: "task \(task.quoted)", expected: "one output",
          found: outputs.map { "'\($0.name)'" }.joined(separator: ", "))
      }
      let width = labels.rowShape.reduce(1, *)
      do throws(TaskLoss.Mismatch) {
        try loss.add(
          output.tensor, labels: Array(numbers[rows.lowerBound * width..<rows.upperBound * width]),
          shape: [rows.count] + labels.rowShape, areNumbers: labels.type.isFloatingPoint,
          operation: network.model.graph.nodes.last { $0.outputs.contains(output.name) }?.operation)
      } catch {
        throw LearningError(
          path: network.model.path, place: "task \(task.quoted), output '\(output.name)'",
          expected: error.expected, found: error.found)
      }
      guard labels.count >= rows.upperBound else {
        throw LearningError(
          path: network.model.path, place: "task \(task.quoted)", expected: "a label for each sample",
          found: "\(labels.count) labels")
      }
    }
    let mean = AffinityMatrix.rounded(loss.mean)
    losses[chosen] = mean
    return mean
  }

  /// The mean squares of the values of a task's whole network on its data.
  package func meanSquares(_ task: TaskID) throws -> [String: [Double]] {
    let found = MeanSquares(network.model.graph)
    try run(try plan.wholeNetwork(of: task), observer: { found.add($0, $1) }) { _, _ in }
    return found.means
  }

  /// Runs a network on all of its task's samples, some at a time.
  private func run(
    _ chosen: VirtualNetwork, observer: (@Sendable (String, Inference.Tensor) -> Void)? = nil,
    _ body: (_ outputs: [(name: String, tensor: Inference.Tensor)], _ rows: Range<Int>) throws -> Void
  ) throws {
    let first = try network.flow(chosen, plan: plan)
    let used = Set(first.walk.steps.flatMap(\.node.inputs))
    let inputs = network.model.graph.requiredInputs.filter { used.contains($0.name) }
    var arrays: [(name: String, rows: TaskData.Rows)] = []
    for input in inputs { arrays.append((input.name, try data.rows(of: input.name, for: chosen.task))) }
    guard let count = arrays.first?.rows.count, arrays.allSatisfy({ $0.rows.count == count }) else {
      throw LearningError(
        path: network.model.path, place: "task \(chosen.task.quoted)",
        expected: "as many samples for each input",
        found: arrays.map { "\($0.rows.count) of '\($0.name)'" }.joined(separator: ", "))
    }
    let size = try batchSize(arrays, inputs, count)
    var known: (rows: Int, session: Session)?
    for start in stride(from: 0, to: count, by: size) {
      let rows = start..<min(start + size, count)
      let session =
        try known.flatMap { $0.rows == rows.count ? $0.session : nil }
        ?? session(
          chosen,
          shapes: Dictionary(arrays.map { ($0.name, [rows.count] + $0.rows.rowShape) }) { first, _ in first })
      known = (rows.count, session)
      var tensors: [String: Inference.Tensor] = [:]
      for (name, array) in arrays {
        tensors[name] = try session.tensor(array.type, [rows.count] + array.rowShape, for: name) { target in
          array.bytes.withUnsafeBytes { bytes in
            target.copyMemory(
              from: UnsafeRawBufferPointer(
                rebasing: bytes[rows.lowerBound * array.rowBytes..<rows.upperBound * array.rowBytes]))
          }
        }
        if let observer, let tensor = tensors[name] { observer(name, tensor) }
      }
      try body(try session.run(tensors, observer: observer), rows)
    }
  }

  private func session(_ chosen: VirtualNetwork, shapes: [String: [Int]]) throws -> Session {
    let flow = try network.flow(chosen, plan: plan, inputShapes: shapes)
    _ = try flow.requiredOutputs()
    return try network.session(
      try network.dense(flow, plan: plan),
      elements: MaskedTensors(network.whole, chosen, plan: plan, isDense: true), backend: .fast,
      threads: threads, limits: limits)
  }

  /// The samples of a run: as many as the graph fixes, or as fit.
  private func batchSize(
    _ arrays: [(name: String, rows: TaskData.Rows)], _ inputs: [ValueInfo], _ count: Int
  ) throws -> Int {
    for input in inputs {
      guard case .tensor(_, let shape?)? = input.type, case .fixed(let extent)? = shape.first, extent > 0
      else { continue }
      guard count % Int(extent) == 0 else {
        throw LearningError(
          path: network.model.path, place: "input '\(input.name)'",
          expected: "a multiple of \(extent) samples, because the graph fixes that number", found: "\(count)")
      }
      return Int(extent)
    }
    let rowBytes = arrays.map(\.rows.rowBytes).max() ?? 1
    return max(1, min(Self.batchLimit, Self.batchBytes / max(1, rowBytes)))
  }

  /// The labels as numbers.
  private static func numbers(_ rows: TaskData.Rows, path: String) throws -> [Double] {
    guard let numbers = rows.numbers else {
      throw LearningError(
        path: path, place: "array \(rows.spec.name.quoted)", expected: "labels as integers or real numbers",
        found: rows.spec.dtype.rawValue)
    }
    return numbers
  }
}

extension ResolvedPlan {
  /// A task's network with all units, and the private tensors of its last level.
  package func wholeNetwork(of task: TaskID) throws(PlanError) -> VirtualNetwork {
    guard let last = assignment.networks.last(where: { $0.task == task }) else {
      throw .unknownTask(task, among: assignment.tasks)
    }
    return last.replacing(units: allUnits)
  }

  package var allUnits: UnitSet { UnitSet((0..<partition.unitCount).map(UnitID.init)) }
}
