public import StrictJSON

/// The units that each task uses, their order, the units of each level, and where these choices come from.
public struct Assignment: Hashable, Sendable {
  /// The tasks, in the order of the plan.
  public let tasks: [TaskAssignment]
  /// Where orders and levels come from.
  public let provenance: Provenance

  /// The most sub-networks, over all tasks, that an assignment may have.
  public static let networkLimit = 1 << 16

  /// An assignment whose tasks have distinct names and use only existing units and axes.
  ///
  /// Throws `PlanError.nameTwice`, `.unitOutOfRange`, `.unitTwice`, `.unknownAxis`, `.levelsDisagree` or
  /// `.tooManyNetworks`.
  public init(
    tasks: [TaskAssignment], provenance: Provenance, unitCount: Int, axes: [AxisName]
  ) throws(PlanError) {
    var seen: Set<TaskID> = []
    let known = Set(axes)
    var networks = 0
    for task in tasks {
      let place = "task \(task.task.quoted)"
      if !seen.insert(task.task).inserted { throw .nameTwice(place: "tasks", name: task.task.text) }
      networks += task.levels.count
      if networks > Assignment.networkLimit { throw .tooManyNetworks(limit: Assignment.networkLimit) }
      try checkUnits(order: task.order, levels: task.levels, unitCount: unitCount, place: place)
      var axesSeen: Set<AxisName> = []
      for own in task.axes {
        let place = "\(place), axis \(own.axis.quoted)"
        if !known.contains(own.axis) {
          throw .unknownAxis(
            place: place, name: own.axis,
            nearest: nearestName(to: own.axis.text, among: axes.lazy.map(\.text)))
        }
        if !axesSeen.insert(own.axis).inserted { throw .nameTwice(place: place, name: own.axis.text) }
        if own.levels.count != task.levels.count {
          throw .levelsDisagree(place: place, expected: task.levels.count, found: own.levels.count)
        }
        try checkUnits(order: own.order, levels: own.levels, unitCount: unitCount, place: place)
      }
    }
    self.tasks = tasks
    self.provenance = provenance
  }

  /// No tasks: the weights are stored in units that no task uses yet.
  public static let none = Assignment(provenance: Provenance(rule: "none"))

  private init(provenance: Provenance) {
    tasks = []
    self.provenance = provenance
  }

  /// The task with this name.
  public func task(_ id: TaskID) -> TaskAssignment? { tasks.first { $0.task == id } }
}

/// Checks that no order repeats a unit, and that all units of orders and levels are in 0..<k.
private func checkUnits(
  order: [UnitID], levels: [UnitSet], unitCount: Int, place: String
) throws(PlanError) {
  var seen = UnitSet()
  for unit in order {
    guard unit.index >= 0, unit.index < unitCount else {
      throw .unitOutOfRange(place: place, unit: unit.index, unitCount: unitCount)
    }
    if seen.contains(unit) { throw .unitTwice(place: place, unit: unit.index) }
    seen.insert(unit)
  }
  for (index, level) in levels.enumerated() {
    if let last = level.ascending.last, last.index >= unitCount {
      throw .unitOutOfRange(place: "\(place), level \(index + 1)", unit: last.index, unitCount: unitCount)
    }
  }
}

/// The order in which a task adds units, and the units of each of its levels.
public struct TaskAssignment: Hashable, Sendable {
  /// The task's name.
  public let task: TaskID
  /// The order in which the task adds units; it need not contain all of them.
  public let order: [UnitID]
  /// The units of each level; level number l is at index l − 1.
  public let levels: [UnitSet]
  /// The names of the levels, in order; empty if levels have only numbers.
  public let levelNames: [String]
  /// The axes with their own order and levels.
  public let axes: [AxisAssignment]
  /// Where the task's norms take mean and variance from; nil if the plan does not say.
  public let norm: NormMode?

  /// A task with its order, its levels, and the axes that have their own.
  public init(
    task: TaskID, order: [UnitID], levels: [UnitSet], levelNames: [String] = [],
    axes: [AxisAssignment] = [], norm: NormMode? = nil
  ) {
    self.task = task
    self.order = order
    self.levels = levels
    self.levelNames = levelNames
    self.axes = axes
    self.norm = norm
  }

  /// The levels with their numbers.
  public var numberedLevels: [Level] {
    levels.enumerated().map { Level(number: LevelNumber($0.offset + 1), units: $0.element) }
  }

  /// The units of a level; nil if the task has no such level.
  public func units(of level: LevelNumber) -> UnitSet? {
    level.value >= 1 && level.value <= levels.count ? levels[level.value - 1] : nil
  }
}

/// The order and the levels of a task on one axis, if they differ from the task's own.
public struct AxisAssignment: Hashable, Sendable {
  /// The axis's name.
  public let axis: AxisName
  /// The order of units on this axis.
  public let order: [UnitID]
  /// The units of each level on this axis; there are as many levels as the task has.
  public let levels: [UnitSet]

  /// An order and levels for one axis; `Assignment` checks them against the task.
  public init(axis: AxisName, order: [UnitID], levels: [UnitSet]) {
    self.axis = axis
    self.order = order
    self.levels = levels
  }
}

/// Where a norm takes its mean and variance from at inference.
public enum NormMode: String, Hashable, Sendable, CaseIterable {
  /// From the stored running statistics.
  case running
  /// From the current batch.
  case batch
}

/// Where an assignment comes from: a rule, learning, a search, or a person.
public struct Provenance: Hashable, Sendable {
  /// The rule, or another word for the source: `nearest`, `adjacent`, `learned`, `by-hand`, ….
  public let rule: String
  /// The other members of the plan's `assignment` object, unchanged.
  public let details: JSONObject

  /// A source with its details, which are not checked.
  public init(rule: String, details: JSONObject = JSONObject()) {
    self.rule = rule
    self.details = details
  }
}
