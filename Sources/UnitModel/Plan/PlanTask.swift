/// A task of a plan; `Plan.filled` adds what it leaves out.
public struct PlanTask: Hashable, Sendable {
  /// The task's name.
  public var task: TaskID
  /// The order of units; nil if the rule makes it.
  public var order: [UnitID]?
  /// The levels; nil for one level per unit of the order.
  public var levels: [PlanLevel]?
  /// The names of the levels, in order; empty if levels have only numbers.
  public var levelNames: [String]
  /// Axes with an order or levels of their own, by name or template.
  public var axes: [PlanTaskAxis]
  /// Tensors that only this task uses, at all its levels.
  public var privateTensors: [PlanPrivate]
  /// Tensors that only one level of this task uses, by level; they go before `privateTensors`.
  public var privatePerLevel: [PlanPrivateLevel]
  /// The source of mean and variance in the task's norms.
  public var norm: NormMode?

  /// A task of a plan.
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

/// A level of a plan.
public enum PlanLevel: Hashable, Sendable {
  /// The first units of the order, this many.
  case count(Int)
  /// Exactly these units.
  case units([UnitID])
}

/// Order and levels of a task on one axis, or on every axis that a template makes.
public struct PlanTaskAxis: Hashable, Sendable {
  /// The axis's name as written in the plan.
  public var axis: NamePattern
  /// The order on the axis; nil for the task's own.
  public var order: [UnitID]?
  /// The levels on the axis; nil for the task's own.
  public var levels: [PlanLevel]?

  /// Order and levels on one axis.
  public init(axis: NamePattern, order: [UnitID]? = nil, levels: [PlanLevel]? = nil) {
    self.axis = axis
    self.order = order
    self.levels = levels
  }
}

/// Private tensors, with their name within the task.
public struct PlanPrivate: Hashable, Sendable {
  /// The tensors that the item selects.
  public var selector: NameSelector
  /// The name for graph and extraction, with the wildcards of the pattern; nil for the tensor's own.
  public var alias: NamePattern?

  /// An item of a task's private tensors.
  public init(selector: NameSelector, alias: NamePattern? = nil) {
    self.selector = selector
    self.alias = alias
  }
}

/// The private tensors of one level.
public struct PlanPrivateLevel: Hashable, Sendable {
  /// The level.
  public var level: LevelNumber
  /// Its tensors.
  public var items: [PlanPrivate]

  /// The private tensors of one level.
  public init(level: LevelNumber, items: [PlanPrivate]) {
    self.level = level
    self.items = items
  }
}
