public import Tensors

/// Partition, assignment and scopes as people write them: axes and tensors by name or pattern, tasks with their levels.
public struct Plan: Hashable, Sendable {
  /// Words for the reader; no meaning to the program.
  public var summary: String?
  /// k, the number of units.
  public var unitCount: Int
  /// The axes, templates among them.
  public var axes: [PlanAxis]
  /// The entries for tensors; the first that matches a name counts.
  public var tensors: [PlanTensor]
  /// The tasks.
  public var tasks: [PlanTask]
  /// Where the assignment came from; nil when the plan does not say.
  public var provenance: Provenance?
  /// The counting policy that budgets are meant for; nil when the plan does not say.
  public var policy: String?

  /// The format that a plan's document names.
  public static let format = "tessera.plan/1"

  /// A plan from its parts.
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

/// An axis of a plan, or a template that makes one axis for every match.
public struct PlanAxis: Hashable, Sendable {
  /// The name, with `{}` where a template takes what a tensor's pattern matched.
  public var name: NamePattern
  /// The number of channels; nil to take it from the first tensor that lies on the axis.
  public var size: Int?
  /// How the channels are shared out.
  public var cut: Cut
  /// Channels of every sub-network.
  public var common: ChannelRanges
  /// Channels come in runs of this length that stay together.
  public var granule: Int

  /// How the channels of an axis are shared out among the units.
  public enum Cut: Hashable, Sendable {
    /// As equally as can be, the first units getting one more.
    case equal
    /// So many for each unit, in order.
    case sizes([Int])
    /// These channels for each unit.
    case channels([ChannelRanges])
  }

  /// An axis of a plan.
  public init(
    name: NamePattern, size: Int? = nil, cut: Cut = .equal, common: ChannelRanges = ChannelRanges(),
    granule: Int = 1
  ) {
    self.name = name
    self.size = size
    self.cut = cut
    self.common = common
    self.granule = granule
  }
}

/// What a plan says about the tensors that a name or a pattern selects.
public struct PlanTensor: Hashable, Sendable {
  /// Which tensors are meant.
  public var selector: NameSelector
  /// How each dimension lies on the axes, names as the plan spells them; empty when the tensors are not cut.
  public var dimensions: [DimensionPlacement]
  /// The units that a whole tensor belongs to (an expert); empty for others.
  public var units: UnitSet
  /// Who owns each element; only beside a name.
  public var owners: ElementOwners?
  /// The mask that takes elements from a task, by the name that the task knows it by, with the wildcards of the pattern.
  public var mask: NamePattern?
  /// The order of the channels on compact dimensions.
  public var featureOrder: TensorPlacement.FeatureOrder
  /// The dtype the tensor must have; only beside a name.
  public var dtype: DType?
  /// The shape the tensor must have; only beside a name.
  public var shape: [Int]?

  /// An entry of a plan.
  public init(
    selector: NameSelector, dimensions: [DimensionPlacement] = [], units: UnitSet = UnitSet(),
    owners: ElementOwners? = nil, mask: NamePattern? = nil,
    featureOrder: TensorPlacement.FeatureOrder = .ascending, dtype: DType? = nil, shape: [Int]? = nil
  ) {
    self.selector = selector
    self.dimensions = dimensions
    self.units = units
    self.owners = owners
    self.mask = mask
    self.featureOrder = featureOrder
    self.dtype = dtype
    self.shape = shape
  }
}

/// Which tensors an entry of a plan means.
public enum NameSelector: Hashable, Sendable {
  /// Every name that matches.
  case match(NamePattern)
  /// Exactly this name, whatever characters it has.
  case name(TensorName)

  /// The pattern or name as it stands in the plan.
  public var text: String {
    switch self {
    case .match(let pattern): pattern.text
    case .name(let name): name.text
    }
  }
}
