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
  private var samples: [TaskID: TaskData.Samples] = [:]
  /// The name of the loss of each task whose loss was computed.
  package private(set) var lossNames: [TaskID: String] = [:]

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
    var loss = TaskLoss()
    var numbers: [Double] = []
    var areBinary = false
    try run(chosen, withLabels: true) { outputs, samples, rows in
      guard let labels = samples.labels else { return }
      if rows.lowerBound == 0 {
        numbers = try Self.numbers(labels, path: network.model.path)
        areBinary = numbers.allSatisfy { $0 == 0 || $0 == 1 || $0 == -100 }
      }
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
          areBinary: areBinary,
          operation: operation(of: output.name))
      } catch {
        throw LearningError(
          path: network.model.path, place: "task \(task.quoted), output '\(output.name)'",
          expected: error.expected, found: error.found)
      }
    }
    if units == plan.allUnits {
      guard loss.count > 0 else {
        throw LearningError(
          path: network.model.path, place: "task \(task.quoted)", expected: "a label that is not −100",
          found: "none")
      }
      guard loss.mean.isFinite else { throw notFinite(task) }
    }
    lossNames[task] = loss.kind
    let mean = AffinityMatrix.rounded(loss.mean)
    losses[chosen] = mean
    return mean
  }

  /// The operator that computed a value, behind those that only change its shape or dtype.
  private func operation(of value: String) -> String? {
    var name = value
    for _ in network.model.graph.nodes {
      guard let node = network.model.graph.nodes.last(where: { $0.outputs.contains(name) }) else {
        return nil
      }
      guard ["Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze"].contains(node.operation),
        let input = node.inputs.first
      else { return node.operation }
      name = input
    }
    return nil
  }

  /// The mean squares of the values of a task's whole network on its data.
  package func meanSquares(_ task: TaskID) throws -> [String: [Double]] {
    let found = MeanSquares(network.model.graph)
    try run(try plan.wholeNetwork(of: task), observer: { found.add($0, $1) }) { _, _, _ in }
    let means = found.means
    guard means.values.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { throw notFinite(task) }
    return means
  }

  private func notFinite(_ task: TaskID) -> LearningError {
    LearningError(
      path: network.model.path, place: "task \(task.quoted)",
      expected: "finite values in the whole network, and in the data",
      found: "infinity or NaN")
  }

  /// Runs a network on all of its task's samples, some at a time.
  private func run(
    _ chosen: VirtualNetwork, withLabels: Bool = false,
    observer: (@Sendable (String, Inference.Tensor) -> Void)? = nil,
    _ body: (
      _ outputs: [(name: String, tensor: Inference.Tensor)], _ samples: TaskData.Samples, _ rows: Range<Int>
    ) throws -> Void
  ) throws {
    let first = try network.flow(chosen, plan: plan)
    let used = Set(first.walk.steps.flatMap(\.node.inputs))
    let inputs = network.model.graph.requiredInputs.filter { used.contains($0.name) }
    // A task is run many times, so its arrays are read once.
    let known = samples[chosen.task]
    let samples =
      try known.flatMap { withLabels && $0.labels == nil ? nil : $0 }
      ?? data.samples(inputs.map(\.name), withLabels: withLabels, for: chosen.task)
    self.samples[chosen.task] = samples
    let (arrays, count) = (samples.inputs, samples.count)
    let size = try batchSize(arrays, inputs, count)
    var last: (rows: Int, session: Session)?
    for start in stride(from: 0, to: count, by: size) {
      let rows = start..<min(start + size, count)
      let session =
        try last.flatMap { $0.rows == rows.count ? $0.session : nil }
        ?? session(
          chosen,
          shapes: Dictionary(arrays.map { ($0.name, [rows.count] + $0.rows.rowShape) }) { first, _ in first })
      last = (rows.count, session)
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
      try body(try session.run(tensors, observer: observer), samples, rows)
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
