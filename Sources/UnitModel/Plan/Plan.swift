public import Tensors

/// Partition, assignment and scopes as people write them: axes and tensors by name or pattern, and tasks with their
/// levels.
public struct Plan: Hashable, Sendable {
  /// A description for the reader; it has no effect.
  public var summary: String?
  /// k, the number of units.
  public var unitCount: Int
  /// The axes and templates of axes.
  public var axes: [PlanAxis]
  /// The entries for tensors; for each name, the first entry that matches it is used.
  public var tensors: [PlanTensor]
  /// The tasks.
  public var tasks: [PlanTask]
  /// Where the assignment comes from; nil if the plan does not say.
  public var provenance: Provenance?
  /// The counting policy for budgets; nil if the plan does not name one.
  public var policy: String?

  /// The text that `format` must have in a plan's document.
  public static let format = "tessera.plan/1"

  /// A plan from its parts, which are not checked here.
  public init(
    unitCount: Int, axes: [PlanAxis] = [], tensors: [PlanTensor] = [], tasks: [PlanTask] = [],
    provenance: Provenance? = nil, policy: String? = nil, summary: String? = nil
  ) {
    self.summary = summary
    self.unitCount = unitCount
    self.axes = axes
    self.tensors = tensors
    self.tasks = tasks
    self.provenance = provenance
    self.policy = policy
  }

  /// The plan of a conversion without a plan: one unit, every tensor whole and common, one task.
  public static let whole = Plan(unitCount: 1, tasks: [PlanTask(task: .all)])
}

/// An axis of a plan, or a template that makes one axis for each match.
public struct PlanAxis: Hashable, Sendable {
  /// The name; in a template, `{}` is replaced by the text that a tensor's pattern matched.
  public var name: NamePattern
  /// The number of channels; with nil, it comes from the tensors on the axis.
  public var size: Int?
  /// How the channels are divided among the units.
  public var cut: Cut
  /// Channels that every sub-network has.
  public var common: ChannelRanges
  /// The length of channel runs that stay together; 1 if channels can be separated.
  public var granule: Int
  /// Whether each channel is a module by itself, such as an expert: its weights neither make nor read single channels.
  public var isOfModules: Bool

  /// The division of an axis's channels among the units.
  public enum Cut: Hashable, Sendable {
    /// As equally as possible; the first units may get one channel, or granule, more.
    case equal
    /// For each unit in order, a number of channels.
    case sizes([Int])
    /// For each unit, its channels.
    case channels([ChannelRanges])
  }

  /// An axis of a plan; by default its channels are divided equally.
  public init(
    name: NamePattern, size: Int? = nil, cut: Cut = .equal, common: ChannelRanges = ChannelRanges(),
    granule: Int = 1, isOfModules: Bool = false
  ) {
    self.name = name
    self.size = size
    self.cut = cut
    self.common = common
    self.granule = granule
    self.isOfModules = isOfModules
  }
}

/// An entry of a plan, for the tensors that a name or a pattern selects.
public struct PlanTensor: Hashable, Sendable {
  /// The tensors that the entry is for.
  public var selector: NameSelector
  /// The placement of each dimension on axes named in the plan; empty if the tensors are not cut.
  public var dimensions: [DimensionPlacement]
  /// The units that the tensor itself belongs to (an expert); empty for others.
  public var units: UnitSet
  /// The axes of which each matching tensor is one channel (an expert, a layer). The components that a pattern's `{}`
  /// matched fill in the name of the axis, and the next one is the number of the channel. The tensor then belongs to
  /// the unit of this channel, in addition to `units`.
  public var channelOf: [AxisName]
  /// The owner of each element; only allowed with a name, not with a pattern.
  public var owners: ElementOwners?
  /// The mask that removes elements for a task: its name in the task, with the wildcards of the pattern.
  public var mask: NamePattern?
  /// The order of the channels on compact dimensions.
  public var featureOrder: TensorPlacement.FeatureOrder
  /// The dtype that the tensor must have; only allowed with a name.
  public var dtype: DType?
  /// The shape that the tensor must have; only allowed with a name.
  public var shape: [Int]?

  /// An entry of a plan, by default for tensors that are not cut.
  public init(
    selector: NameSelector, dimensions: [DimensionPlacement] = [], units: UnitSet = UnitSet(),
    channelOf: [AxisName] = [], owners: ElementOwners? = nil, mask: NamePattern? = nil,
    featureOrder: TensorPlacement.FeatureOrder = .ascending, dtype: DType? = nil, shape: [Int]? = nil
  ) {
    self.selector = selector
    self.dimensions = dimensions
    self.units = units
    self.channelOf = channelOf
    self.owners = owners
    self.mask = mask
    self.featureOrder = featureOrder
    self.dtype = dtype
    self.shape = shape
  }
}

/// The tensors that an entry of a plan selects.
public enum NameSelector: Hashable, Sendable {
  /// Every name that the pattern matches.
  case match(NamePattern)
  /// Exactly this name, even if it has wildcard characters.
  case name(TensorName)

  /// Whether the entry is for a tensor of this name.
  package func matches(_ name: TensorName) -> Bool {
    switch self {
    case .match(let pattern): pattern.match(name.text) != nil
    case .name(let own): own == name
    }
  }

  /// The pattern or the name, as in the plan.
  public var text: String {
    switch self {
    case .match(let pattern): pattern.text
    case .name(let name): name.text
    }
  }
}
