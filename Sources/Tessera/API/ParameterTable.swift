internal import Accounting
internal import Tensors
internal import UnitModel

/// The parameters of every sub-network of a file, counted under one policy.
public struct ParameterTable: Sendable {
  /// The policy's name and version, such as "weights-only 1".
  public let policy: String
  /// One row for each task and level; empty for a file without tasks.
  public let networks: [Row]
  /// Everything in the file.
  public let stored: Row

  /// The counts of one sub-network, or of the whole file.
  public struct Row: Sendable, Hashable {
    /// The task; nil for everything stored.
    public let task: String?
    /// The level, from 1; nil for everything stored.
    public let level: Int?
    /// The name of the level; nil if it has none.
    public let levelName: String?
    /// Counted elements: common + intra + interconnection + private.
    public let parameters: Int
    /// Elements that every sub-network uses.
    public let common: Int
    /// Elements that need one unit.
    public let intra: Int
    /// Elements that need two or more units.
    public let interconnection: Int
    /// Elements of tensors that only some sub-networks use.
    public let `private`: Int
    /// The bytes of the counted elements.
    public let bytes: Int
    /// Elements that the policy leaves out.
    public let excluded: Int

    init(_ row: ParameterRow) {
      task = row.task?.text
      level = row.level?.value
      levelName = row.levelName
      parameters = row.parameters.value
      common = row.classes.common
      intra = row.classes.intra
      interconnection = row.classes.interconnection
      `private` = row.classes.private
      bytes = row.bytes.value
      excluded = row.excluded.value
    }
  }
}

extension WeightsFile {
  /// Counts parameters, as `tessera count` does.
  ///
  /// - Parameter policy: the name of a built-in policy, such as "weights-only", or the path of a policy file. With nil,
  ///   the plan's own policy is used, or "all-stored" if it has none.
  public func count(policy: String? = nil) throws(TesseraError) -> ParameterTable {
    try TesseraError.wrapping {
      var source = try CountSource(opened)
      let rule = try policy.map(PolicyFile.read) ?? source.plannedPolicy()
      try source.readValues(for: [rule])
      let counts = try source.inventory.counts(under: rule)
      return ParameterTable(
        policy: "\(rule.id) \(rule.version)", networks: counts.networks.map(ParameterTable.Row.init),
        stored: ParameterTable.Row(counts.stored))
    }
  }
}
