internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// A unit checkpoint: a network cut into units, and the units that each task uses at each level.
///
/// ```swift
/// let checkpoint = try Checkpoint("model.h5")
/// let network = try checkpoint.network(task: "digits", level: 2)
/// ```
public struct Checkpoint: TensorCollection {
  /// The open file with the checkpoint.
  public let file: WeightsFile
  /// The tasks, in the order of the plan.
  public let tasks: [Task]
  /// k, the number of units.
  public let unitCount: Int

  let stored: UnitCheckpoint
  let resolved: ResolvedPlan

  /// Opens the unit checkpoint at `path`.
  ///
  /// Throws for a file of another format, and for a damaged file.
  public init(_ path: String) throws(TesseraError) { try self.init(try WeightsFile(path)) }

  /// The unit checkpoint in an open file.
  public init(_ file: WeightsFile) throws(TesseraError) {
    guard let stored = try TesseraError.wrapping({ try file.opened.checkpoint }) else {
      throw TesseraError(.format, "\(file.path): expected a unit checkpoint, found \(file.format)")
    }
    self.file = file
    self.stored = stored
    let resolved = try TesseraError.wrapping { try stored.resolvedPlan() }
    self.resolved = resolved
    unitCount = resolved.partition.unitCount
    tasks = resolved.assignment.tasks.map(Task.init)
  }

  /// Every tensor of the whole network.
  public var tensors: [TensorDescription] { file.tensors }
  /// The tensors of the whole network with their bytes.
  public var contents: TensorContents { file.contents }

  /// The plan from which the checkpoint was written, as JSON.
  public var planJSON: String { String(decoding: stored.planText, as: UTF8.self) }

  /// A task, with its levels.
  public struct Task: Sendable, Hashable {
    /// The task's name, unique in the checkpoint.
    public let name: String
    /// The units of each level, ascending by number; level 1 is the first.
    public let levels: [[Int]]
    /// The names of the levels; empty if they have none.
    public let levelNames: [String]

    init(_ task: TaskAssignment) {
      name = task.task.text
      levels = task.levels.map { $0.ascending.map(\.index) }
      levelNames = task.levelNames
    }
  }

  /// The sub-network of a task at a level.
  ///
  /// - Parameters:
  ///   - task: the task's name; may be nil if there is only one task.
  ///   - level: the level's number, from 1; may be nil if the task has only one level.
  public func network(task: String? = nil, level: Int? = nil) throws(TesseraError) -> SubNetworkWeights {
    try network(task: task, level: level.map(String.init), budget: nil)
  }

  /// The sub-network of a task at the level with this name.
  public func network(task: String? = nil, levelName: String) throws(TesseraError) -> SubNetworkWeights {
    try network(task: task, level: levelName, budget: nil)
  }

  /// The largest sub-network of a task that fits a budget.
  ///
  /// - Parameters:
  ///   - task: the task's name; may be nil if there is only one task.
  ///   - budget: parameters ("1.9M", "500k"), bytes ("64MB", "2GiB") or, with a graph, the multiply-adds of a run
  ///     ("1.5GMAC").
  ///   - policy: a counting policy's name, such as "weights-only", or the path of its file; nil for the plan's own
  ///     policy.
  ///   - inputShapes: for multiply-adds, the shapes of inputs. Others have their declared shapes, with a batch of 1.
  public func network(
    task: String? = nil, budget: String, policy: String? = nil, inputShapes: [String: [Int]] = [:]
  ) throws(TesseraError) -> SubNetworkWeights {
    try network(task: task, level: nil, budget: budget, policy: policy, inputShapes: inputShapes)
  }

  private func network(
    task: String?, level: String?, budget: String?, policy: String? = nil, inputShapes: [String: [Int]] = [:]
  ) throws(TesseraError) -> SubNetworkWeights {
    try TesseraError.wrapping {
      var limit: Budget?
      if let budget {
        do { limit = try Budget(parsing: budget, in: [.parameters, .bytes, .multiplyAdds]) } catch {
          throw TesseraError(.request, "\(error)")
        }
      }
      var work = WorkSettings()
      work.shapes = { _ in inputShapes }
      let choice = NetworkChoice(
        file.opened, stored, task: task, level: level, budget: limit, policy: policy, work: work)
      let network = try choice.network().network
      return SubNetworkWeights(try SubNetwork(network, of: stored), of: self, choice)
    }
  }
}
