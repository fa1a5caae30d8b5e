internal import StrictJSON
package import UnitModel

/// The affinity of tasks and units: a row for each task with a number for each unit. Greater means that the task needs
/// the unit more.
package struct AffinityMatrix: Hashable, Sendable {
  package let tasks: [TaskID]
  /// tasks × units.
  package let values: [[Double]]

  /// Values are rounded to six significant digits, so that stored numbers give the same orders again.
  package init(tasks: [TaskID], values: [[Double]]) {
    self.tasks = tasks
    self.values = values.map { $0.map(Self.rounded) }
  }

  static func rounded(_ value: Double) -> Double {
    guard value.isFinite, value != 0 else { return value == 0 ? 0 : value }
    // Below this, the scale would not be finite.
    guard abs(value) > 1e-290 else { return 0 }
    var scale = 1.0
    var digits = abs(value)
    while digits >= 1_000_000 { (digits, scale) = (digits / 10, scale * 10) }
    while digits < 100_000 { (digits, scale) = (digits * 10, scale / 10) }
    let whole = (value / scale).rounded()
    return scale >= 1 ? whole * scale : whole / (1 / scale).rounded()
  }
}

/// The way in which affinities are learned.
package enum LearningMethod: String, CaseIterable, Sendable {
  /// From the task's own weights: heads and norms.
  case weights
  /// From the channels' values on the task's data.
  case activations
  /// From the rise in the task's loss without the unit.
  case ablation
}

/// The affinities of all tasks, and where they come from.
package struct Affinities: Sendable {
  package let method: LearningMethod
  package let matrix: AffinityMatrix
  /// The affinities on each axis, if axes get orders of their own.
  package let axes: [(axis: AxisName, matrix: AffinityMatrix)]
  /// The data; nil if none were used.
  package let data: Data?
  /// The name of the loss of each task whose loss was computed.
  package var losses: [(task: TaskID, name: String)] = []

  /// Two tasks whose affinities say nothing about their difference: each unit has the same for both.
  package var equalTasks: (TaskID, TaskID)? {
    for (place, row) in matrix.values.enumerated() {
      if let other = matrix.values[..<place].firstIndex(of: row) {
        return (matrix.tasks[other], matrix.tasks[place])
      }
    }
    return nil
  }

  package struct Data: Hashable, Sendable {
    /// The model digest of the arrays, which does not depend on the format of their file.
    package let digest: String
    /// The number of samples of each task, at most.
    package let samples: Int
    /// The seed by which samples were chosen; nil if all were used.
    package let seed: Int?

    package init(digest: String, samples: Int, seed: Int?) {
      (self.digest, self.samples, self.seed) = (digest, samples, seed)
    }
  }

  package init(
    _ method: LearningMethod, _ matrix: AffinityMatrix, axes: [(axis: AxisName, matrix: AffinityMatrix)] = [],
    data: Data?
  ) {
    (self.method, self.matrix, self.axes, self.data) = (method, matrix, axes, data)
  }
}
