public import Tensors
public import UnitModel

/// The parameters of every virtual network, and of everything stored, under one policy.
public struct ParameterCounts: Sendable {
  /// The rule.
  public let policy: CountingPolicy
  /// The virtual networks, task by task, level by level.
  public let networks: [ParameterRow]
  /// Everything in the file.
  public let stored: ParameterRow
}

/// What one virtual network, or the whole file, has.
public struct ParameterRow: Sendable {
  /// The task; nil for everything stored.
  public let task: TaskID?
  /// The level; nil for everything stored.
  public let level: LevelNumber?
  /// The units, in the task's order where the level is taken from it.
  public let units: [UnitID]
  /// The units on axes that the task treats in its own way.
  public let axes: [(axis: AxisName, units: [UnitID])]
  /// The elements that the policy counts, by the class of their blocks.
  public let classes: BlockCounts
  /// The logical bytes of those elements.
  public let bytes: ByteCount
  /// Elements in this row's scope that the policy leaves out.
  public let excluded: ParameterCount
  /// The logical bytes of those.
  public let excludedBytes: ByteCount
  /// Both kinds of elements by role; every element has one.
  public let roles: [RoleCount]

  /// The elements that the policy counts.
  public var parameters: ParameterCount { ParameterCount(classes.total) }

  /// The elements of one role.
  public struct RoleCount: Hashable, Sendable {
    /// The role.
    public let role: ParameterRole
    /// Elements that the policy counts.
    public let parameters: ParameterCount
    /// Elements that it leaves out.
    public let excluded: ParameterCount
  }

  /// How errors and messages name the row.
  public var place: String {
    guard let task, let level else { return "everything stored" }
    return "task \(task.quoted), level \(level)"
  }
}
