public import UnitModel

/// What a method of this family saves with its weights: widths, groups, masks, and the owner of each tensor.
///
/// One short document for all of them (`schemas/family.schema.json`), from which a plan is made with every list written
/// out. Patterns may contain `{level}` and `{task}` as well as the wildcards of a plan.
public struct Family: Sendable {
  /// The name of the method, for readers.
  public let name: String
  /// The tasks; one named `all` if the document names none.
  public let tasks: [TaskID]
  /// How tensors are cut.
  public let cuts: [CutOption]
  /// The source of the units.
  public let units: Units
  /// Tensors with a mask for each task or level, and the names of the masks, which contain `{task}`, `{level}` or both.
  public let masks: [(tensors: NamePattern, mask: String)]
  /// Tensors that only one level uses, by patterns with `{level}`.
  public let perLevel: [String]
  /// Tensors that only one task uses, by patterns with `{task}`.
  public let perTask: [String]
  /// Tensors that some levels do not use, by level: skipped layers.
  public let skipped: [Int: [NamePattern]]
  /// The fraction of each axis at each level, for tasks whose axes differ.
  public let choices: [TaskID: [[(axis: NamePattern, fraction: Double)]]]

  /// Tensors and the names of their owner maps; the wildcards of a map take the texts of the tensor's.
  public struct MapRule: Hashable, Sendable {
    /// The tensors.
    public let tensors: NamePattern
    /// Their maps.
    public let map: NamePattern
  }

  /// The source of the units.
  public enum Units: Hashable, Sendable {
    /// Prefixes of every axis, as fractions that ascend to 1, one for each level.
    case widths([Double])
    /// The names of the masks of each axis, one for each level: vectors that are not 0 where a channel is used.
    case channelMasks([String: [String]])
    /// Whole tensors: the first wildcard of the pattern takes the number of the unit.
    case experts(NamePattern)
    /// Owner maps: for each element of a tensor, 0 (free) or the number of a task from 1. Task t uses the elements of
    /// tasks 1 to t.
    case owners([MapRule])
    /// None: everything is whole, and tasks differ only in their private tensors and masks.
    case whole
  }

  /// The value of the document's `format`.
  public static let format = "tessera.family/1"
  /// The most bytes of a document.
  public static let sizeLimit = 1 << 22
}
