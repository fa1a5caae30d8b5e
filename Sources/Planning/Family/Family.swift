public import UnitModel

/// The data that a method of this family saves with its weights: widths, groups, masks, and the owner of each tensor.
///
/// One short form of document serves all methods (`schemas/family.schema.json`). The plan made from it has all lists in
/// full. Patterns may contain `{level}` and `{task}` as well as the wildcards of a plan.
public struct Family: Sendable {
  /// The name of the method, for the reader.
  public let name: String
  /// The tasks; one named `all` if the document names none.
  public let tasks: [TaskID]
  /// How tensors are cut.
  public let cuts: [CutOption]
  /// Where the units come from.
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

  /// Tensors and the names of their owner maps. The wildcards of a map's name are replaced by the texts of the tensor's
  /// wildcards.
  public struct MapRule: Hashable, Sendable {
    /// A pattern of the tensors' names.
    public let tensors: NamePattern
    /// A pattern of the names of their maps.
    public let map: NamePattern
  }

  /// Where the units come from.
  public enum Units: Hashable, Sendable {
    /// Widths: fractions of every axis that ascend to 1, one for each level.
    case widths([Double])
    /// The names of the masks of each axis, one for each level. A mask is a vector that is not 0 for each channel in
    /// use.
    case channelMasks([String: [String]])
    /// Whole tensors; the first wildcard of the pattern is the number of the unit.
    case experts(NamePattern)
    /// Owner maps: for each element of a tensor, 0 (free) or the number of a task from 1. Task t uses the elements of
    /// tasks 1 to t.
    case owners([MapRule])
    /// No units: everything is whole, and tasks differ only in their private tensors and masks.
    case whole
  }

  /// The text that `format` must have in a document.
  public static let format = "tessera.family/1"
  /// The largest size of a document, in bytes: 4 MiB.
  public static let sizeLimit = 1 << 22
}
