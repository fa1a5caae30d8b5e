public import UnitModel

/// What a method of this family saves beside its weights: widths, groups, masks, and whose each tensor is.
///
/// One short document for all of them (`schemas/family.schema.json`), from which a plan is made with every list spelled
/// out. Patterns may hold `{level}` and `{task}` beside the wildcards of a plan.
public struct Family: Sendable {
  /// Which method: words for the reader.
  public let name: String
  /// The tasks; one called `all` when the document names none.
  public let tasks: [TaskID]
  /// How tensors are cut.
  public let cuts: [CutOption]
  /// Where the units come from.
  public let units: Units
  /// Tensors of which each task, or each level, has a mask: the tensors, and the names of their masks, with `{task}` or
  /// `{level}` or both.
  public let masks: [(tensors: NamePattern, mask: String)]
  /// Tensors that one level alone uses, by patterns with `{level}`.
  public let perLevel: [String]
  /// Tensors that one task alone uses, by patterns with `{task}`.
  public let perTask: [String]
  /// Tensors that some levels do not use, by level: skipped layers.
  public let skipped: [Int: [NamePattern]]
  /// For a task the fraction of each axis at each level, where axes go their own ways.
  public let choices: [TaskID: [[(axis: NamePattern, fraction: Double)]]]

  /// Tensors and the names of their owner maps, whose wildcards stand for what those of the pattern took.
  public struct MapRule: Hashable, Sendable {
    /// The tensors.
    public let tensors: NamePattern
    /// Their maps.
    public let map: NamePattern
  }

  /// Where the units come from.
  public enum Units: Hashable, Sendable {
    /// Prefixes of every axis, as fractions that ascend to 1; a level for each.
    case widths([Double])
    /// For each axis the names of its masks, one for each level: vectors that are not 0 where a channel is used.
    case channelMasks([String: [String]])
    /// Whole tensors: what the first wildcard of the pattern takes is the number of the unit.
    case experts(NamePattern)
    /// Owner maps: beside a tensor one that has for each element 0 (free), or the number of a task from 1. Task t uses the
    /// elements of the tasks up to its own.
    case owners([MapRule])
    /// None: everything is whole, and tasks differ in what they have to themselves.
    case whole
  }

  /// The format that the document names.
  public static let format = "tessera.family/1"
  /// The most bytes that it may have.
  public static let sizeLimit = 1 << 22
}
