public import Tensors
public import UnitModel

/// The counts of one sub-network, or of the whole file.
public struct ParameterRow: Sendable {
  /// The sub-network; nil for everything stored.
  let network: VirtualNetwork?
  /// k for everything stored; 0 in a file that is not cut.
  let unitCount: Int
  /// The axes on which the task has its own order or levels.
  let ownAxes: [AxisName]
  /// The elements that the policy counts, by the class of their blocks.
  public let classes: BlockCounts
  /// The logical bytes of those elements, or their bytes at the policy's ideal bits.
  public let bytes: ByteCount
  /// Elements in this row's scope that the policy leaves out.
  public let excluded: ParameterCount
  /// The bytes of the excluded elements.
  public let excludedBytes: ByteCount
  /// The counted elements that are not known to be trained or frozen; nil if the policy does not ask.
  public let trainabilityUnknown: ParameterCount?
  /// Counted and excluded elements by role; every element has one.
  public let roles: [RoleCount]
  /// Counted and excluded elements by part of the network; every element has one.
  public let parts: [PartCount]

  /// The task; nil for everything stored.
  public var task: TaskID? { network?.task }
  /// The level; nil for everything stored.
  public var level: LevelNumber? { network?.level }

  /// The level's name; nil if it has none.
  public var levelName: String? { network?.levelName }
  /// The level as tables show it: `2`, or `2 (small)`; empty for everything stored.
  package var levelText: String { network?.levelText ?? "" }

  /// The number of units in use.
  public var unitsInUse: Int { network?.units.count ?? unitCount }

  /// The units, in the task's order; for everything stored, all units.
  public var units: [UnitID] { network?.orderedUnits() ?? (0..<unitCount).map { UnitID($0) } }

  /// The units on axes on which the task has its own order or levels.
  public var axes: [(axis: AxisName, units: [UnitID])] {
    guard let network else { return [] }
    return ownAxes.map { ($0, network.orderedUnits(on: $0)) }
  }

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

  /// The elements of one part of the network.
  public struct PartCount: Hashable, Sendable {
    /// The part.
    public let part: NetworkPart
    /// Elements that the policy counts.
    public let parameters: ParameterCount
    /// Elements that it leaves out.
    public let excluded: ParameterCount
  }

  /// The row's name in errors and messages.
  public var place: String {
    guard let task, level != nil else { return "everything stored" }
    return "task \(task.quoted), level \(levelText)"
  }

  init(
    _ network: VirtualNetwork?, unitCount: Int = 0, ownAxes: [AxisName] = [], asksTraining: Bool = false,
    _ sums: RowSums
  ) {
    self.network = network
    self.unitCount = unitCount
    self.ownAxes = ownAxes
    classes = sums.classes
    // Tensors of packed elements are cut only at whole bytes, but ideal bits may end inside a byte.
    bytes = ByteCount((sums.bits + 7) / 8)
    excluded = ParameterCount(sums.excluded)
    excludedBytes = ByteCount((sums.excludedBits + 7) / 8)
    trainabilityUnknown = asksTraining ? ParameterCount(sums.unknown) : nil
    roles = ParameterRole.allCases.compactMap { role in
      let kinds = sums.kinds.filter { $0.role == role }
      if kinds.isEmpty { return nil }
      return RoleCount(
        role: role, parameters: ParameterCount(kinds.reduce(0) { $0 + $1.counted }),
        excluded: ParameterCount(kinds.reduce(0) { $0 + $1.excluded }))
    }
    parts = NetworkPart.allCases.compactMap { part in
      let kinds = sums.kinds.filter { $0.part == part }
      if kinds.isEmpty { return nil }
      return PartCount(
        part: part, parameters: ParameterCount(kinds.reduce(0) { $0 + $1.counted }),
        excluded: ParameterCount(kinds.reduce(0) { $0 + $1.excluded }))
    }
  }
}
