public import UnitModel

/// A request for a plan: units, tasks, levels, and cuts by hand or by preset.
public struct PlanRequest: Sendable {
  /// k, the number of units.
  public var unitCount: Int
  /// The tasks, by name. If empty, the outputs of a graph with several outputs are the tasks; otherwise there is one
  /// task `all`.
  public var tasks: [TaskID]
  /// The levels of every task; if nil, there is one level for each unit.
  public var levels: [PlanLevel]?
  /// The names of the levels; empty if they have none.
  public var levelNames: [String]
  /// The rule that makes the tasks' orders.
  public var rule: AssignmentRule
  /// Cuts by hand; they come before those of a preset.
  public var cuts: [CutOption]
  /// The properties of axes; they add to the axes of the cuts.
  public var axes: [AxisOption]
  /// The architecture; if nil and without cuts by hand, a known one is searched for.
  public var preset: Preset?
  /// The groups of tensors of the architecture to cut, by name; nil for all that can be loaded when cut.
  public var groups: [String]?
  /// The channels of axes, best first: the first unit gets the best. The first ranking that has an axis decides.
  public var rankings: [ChannelRanking] = []
  /// Whether other axes are sorted by the weights that make and read each channel.
  public var sortsByImportance = false
  /// For a graph: the mean squares of the channels of values on samples, by the value's name. Importance then depends
  /// on these instead of the weights that make a channel.
  package var activations: [String: [Double]]?
  /// The layers that only the last unit has.
  public var skippedLayers: [Int] = []
  /// The number of attention heads, which shapes do not show; config.json can give it, too.
  public var heads: Int?
  /// The numbers of the config.json beside the weights.
  package var sizes: ModelSizes?

  /// A request; only the number of units is required.
  public init(
    unitCount: Int, tasks: [TaskID] = [], levels: [PlanLevel]? = nil, levelNames: [String] = [],
    rule: AssignmentRule = .nearest, cuts: [CutOption] = [], axes: [AxisOption] = [], preset: Preset? = nil,
    groups: [String]? = nil, heads: Int? = nil
  ) {
    self.unitCount = unitCount
    self.tasks = tasks
    self.levels = levels
    self.levelNames = levelNames
    self.rule = rule
    self.cuts = cuts
    self.axes = axes
    self.preset = preset
    self.groups = groups
    self.heads = heads
  }
}

/// A plan that was checked with the tensors for which it was made, and sentences for the user.
public struct ProposedPlan: Sendable {
  /// The plan, with every order and level filled in.
  public let plan: Plan
  /// The plan applied to the tensors.
  public let resolved: ResolvedPlan
  /// Sentences about what was cut, what was left whole, and why.
  public let words: [String]

  package init(plan: Plan, resolved: ResolvedPlan, words: [String]) {
    (self.plan, self.resolved, self.words) = (plan, resolved, words)
  }
}

extension PlanRequest {
  /// Plan tasks with these names and the requested levels.
  func planTasks(_ names: [TaskID]) -> [PlanTask] {
    names.map { PlanTask(task: $0, levels: levels, levelNames: levelNames) }
  }
}
