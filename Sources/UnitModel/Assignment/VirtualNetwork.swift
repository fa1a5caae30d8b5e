internal import Tensors

/// One (task, level): the sub-network that a task runs at a budget.
public struct VirtualNetwork: Hashable, Sendable {
  /// The task's name.
  public let task: TaskID
  /// The level's number, from 1.
  public let level: LevelNumber
  /// The level's name; nil if it has none.
  public let levelName: String?
  /// The level as it is printed: `2`, or `2 (small)`.
  public var levelText: String { levelName.map { "\(level) (\(TensorName($0).escaped))" } ?? "\(level)" }
  /// The units of the level.
  public let units: UnitSet
  /// The order in which the task adds units.
  public let order: [UnitID]
  /// Units and order on the axes that have their own.
  private let own: [AxisName: AxisLevel]

  /// The axes with units and order of their own, by name.
  package var ownAxes: [AxisName] { own.keys.sorted { $0.text < $1.text } }

  private struct AxisLevel: Hashable {
    let units: UnitSet
    let order: [UnitID]
  }

  /// The units of the level on an axis.
  public func units(on axis: AxisName) -> UnitSet { own.isEmpty ? units : own[axis]?.units ?? units }

  /// The order in which the task adds units on an axis.
  public func order(on axis: AxisName) -> [UnitID] { own.isEmpty ? order : own[axis]?.order ?? order }

  /// The units of the level in the task's order; units that the order does not contain come last, ascending.
  public func orderedUnits(on axis: AxisName? = nil) -> [UnitID] {
    let active = axis.map(units(on:)) ?? units
    let order = axis.map(order(on:)) ?? order
    let named = order.filter(active.contains)
    if named.count == active.count { return named }
    let known = UnitSet(order)
    return named + active.ascending.filter { !known.contains($0) }
  }

  /// Whether the positions of a part are active; common positions always are.
  public func contains(_ part: DimensionPart) -> Bool {
    switch part {
    case .common: true
    case .unit(let unit, let axis): units(on: axis).contains(unit)
    }
  }

  /// Whether a tensor's scope includes this sub-network. The tensor may still have no active block.
  public func sees(_ tensor: TensorPlacement) -> Bool { tensor.scope.includes(task: task, level: level) }

  /// Whether a block is active: the tensor is in scope, its own units are in the level's set, and each unit of the
  /// block's parts is in the level's set for its axis.
  public func isActive(_ block: Block, of tensor: TensorPlacement) -> Bool {
    guard sees(tensor), tensor.units.allSatisfy(units.contains) else { return false }
    for (place, dimension) in tensor.cutDimensions.enumerated() {
      guard let cut = tensor.cuts[dimension], block.parts.indices.contains(place),
        cut.parts.indices.contains(block.parts[place]), contains(cut.parts[block.parts[place]])
      else { return false }
    }
    return true
  }

  /// The sub-network with other units on every axis, or on one, and with the private tensors of this one.
  package func replacing(units: UnitSet, on axis: AxisName? = nil) -> VirtualNetwork {
    var own = own
    if let axis { own[axis] = AxisLevel(units: units, order: order(on: axis)) } else { own = [:] }
    return VirtualNetwork(
      task: task, level: level, levelName: levelName, units: axis == nil ? units : self.units, order: order,
      own: own)
  }

  private init(
    task: TaskID, level: LevelNumber, levelName: String?, units: UnitSet, order: [UnitID],
    own: [AxisName: AxisLevel]
  ) {
    (self.task, self.level, self.levelName) = (task, level, levelName)
    (self.units, self.order, self.own) = (units, order, own)
  }

  fileprivate init(task: TaskAssignment, level: LevelNumber, units: UnitSet) {
    self.task = task.task
    self.level = level
    levelName = task.name(of: level)
    self.units = units
    order = task.order
    var own: [AxisName: AxisLevel] = [:]
    for axis in task.axes where axis.levels.indices.contains(level.value - 1) {
      own[axis.axis] = AxisLevel(units: axis.levels[level.value - 1], order: axis.order)
    }
    self.own = own
  }
}

extension Assignment {
  /// The sub-network of a task at a level.
  ///
  /// Throws `PlanError.unknownTask` with the nearest name, or `.unknownLevel`.
  public func network(task: TaskID, level: LevelNumber) throws(PlanError) -> VirtualNetwork {
    guard let found = self.task(task) else {
      throw .unknownTask(task, among: tasks)
    }
    guard let units = found.units(of: level) else {
      throw .unknownLevel(place: "task \(task.quoted)", level: level.value, levels: found.levels.count)
    }
    return VirtualNetwork(task: found, level: level, units: units)
  }

  /// Every sub-network, task by task, level by level.
  public var networks: [VirtualNetwork] {
    tasks.flatMap { task in
      task.numberedLevels.map { VirtualNetwork(task: task, level: $0.number, units: $0.units) }
    }
  }
}
