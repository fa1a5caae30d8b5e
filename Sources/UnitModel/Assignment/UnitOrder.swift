/// A new order of units for one task, and for the axes on which the order differs.
public struct UnitOrder: Hashable, Sendable {
  /// The task's name.
  public let task: TaskID
  /// The order in which the task adds units.
  public let order: [UnitID]
  /// The orders of axes with their own.
  public let axes: [AxisName: [UnitID]]

  /// An order of units; with `axes`, that of each axis in it.
  public init(task: TaskID, order: [UnitID], axes: [AxisName: [UnitID]] = [:]) {
    self.task = task
    self.order = order
    self.axes = axes
  }
}
