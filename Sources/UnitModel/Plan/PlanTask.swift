/// A task of a plan; `Plan.filled` adds missing orders and levels.
public struct PlanTask: Hashable, Sendable {
  /// The task's name.
  public var task: TaskID
  /// The order of units; nil if the rule makes it.
  public var order: [UnitID]?
  /// The levels; with nil, there is one level for each unit of the order.
  public var levels: [PlanLevel]?
  /// The names of the levels, in order; empty if levels have only numbers.
  public var levelNames: [String]
  /// Axes with an order or levels of their own, by name or template.
  public var axes: [PlanTaskAxis]
  /// Tensors that only this task uses, at all its levels.
  public var privateTensors: [PlanPrivate]
  /// Tensors that only one level of this task uses, by level; they come before `privateTensors`.
  public var privatePerLevel: [PlanPrivateLevel]
  /// Where the task's norms take mean and variance from.
  public var norm: NormMode?

  /// A task of a plan; only its name is required.
  public init(
    task: TaskID, order: [UnitID]? = nil, levels: [PlanLevel]? = nil, levelNames: [String] = [],
    axes: [PlanTaskAxis] = [],
    privateTensors: [PlanPrivate] = [], privatePerLevel: [PlanPrivateLevel] = [], norm: NormMode? = nil
  ) {
    self.task = task
    self.order = order
    self.levels = levels
    self.levelNames = levelNames
    self.axes = axes
    self.privateTensors = privateTensors
    self.privatePerLevel = privatePerLevel
    self.norm = norm
  }
}

/// A level of a plan, by a number of units or by the units themselves.
public enum PlanLevel: Hashable, Sendable {
  /// The first units of the order; the value is their number.
  case count(Int)
  /// Exactly these units.
  case units([UnitID])
}

/// The order and the levels of a task on one axis, or on every axis that a template makes.
public struct PlanTaskAxis: Hashable, Sendable {
  /// The axis's name, as in the plan.
  public var axis: NamePattern
  /// The order on the axis; nil for the task's own.
  public var order: [UnitID]?
  /// The levels on the axis; nil for the task's own.
  public var levels: [PlanLevel]?

  /// An order and levels on one axis; with nil, those of the task are used.
  public init(axis: NamePattern, order: [UnitID]? = nil, levels: [PlanLevel]? = nil) {
    self.axis = axis
    self.order = order
    self.levels = levels
  }
}

/// Private tensors, with the name that the task uses for them.
public struct PlanPrivate: Hashable, Sendable {
  /// Selects the tensors by name or pattern.
  public var selector: NameSelector
  /// The name in the graph and in extracted files, with the wildcards of the pattern; nil for the tensor's own name.
  public var alias: NamePattern?

  /// An item of a task's list of private tensors.
  public init(selector: NameSelector, alias: NamePattern? = nil) {
    self.selector = selector
    self.alias = alias
  }
}

/// The private tensors of one level.
public struct PlanPrivateLevel: Hashable, Sendable {
  /// The level's number, from 1.
  public var level: LevelNumber
  /// The tensors that only this level uses.
  public var items: [PlanPrivate]

  /// A level with its private tensors.
  public init(level: LevelNumber, items: [PlanPrivate]) {
    self.level = level
    self.items = items
  }
}
