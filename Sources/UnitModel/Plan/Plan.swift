public import Tensors

/// Partition, assignment and scopes as people write them: axes and tensors by name or pattern, tasks with their levels.
public struct Plan: Hashable, Sendable {
  /// A description for readers, without effect.
  public var summary: String?
  /// k, the number of units.
  public var unitCount: Int
  /// The axes and templates of axes.
  public var axes: [PlanAxis]
  /// The entries for tensors; the first that matches a name counts.
  public var tensors: [PlanTensor]
  /// The tasks.
  public var tasks: [PlanTask]
  /// The origin of the assignment; nil if the plan does not give one.
  public var provenance: Provenance?
  /// The counting policy for budgets; nil if the plan does not give one.
  public var policy: String?

  /// The value of `format` in a plan's document.
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
  /// The name; in a template, `{}` takes what a tensor's pattern captured.
  public var name: NamePattern
  /// The number of channels; nil to take it from the tensors that lie on the axis.
  public var size: Int?
  /// How the channels are divided among the units.
  public var cut: Cut
  /// Channels of every sub-network.
  public var common: ChannelRanges
  /// The length of channel runs that stay together.
  public var granule: Int

  /// How the channels of an axis are divided among the units.
  public enum Cut: Hashable, Sendable {
    /// As equally as possible; the first units may get one channel, or granule, more.
    case equal
    /// This number of channels for each unit, in order.
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

/// An entry of a plan, for the tensors that a name or a pattern selects.
public struct PlanTensor: Hashable, Sendable {
  /// The tensors that the entry is for.
  public var selector: NameSelector
  /// How each dimension lies on the axes, with names as written in the plan; empty if the tensors are not cut.
  public var dimensions: [DimensionPlacement]
  /// The units that a whole tensor belongs to (an expert); empty for others.
  public var units: UnitSet
  /// The owner of each element; only beside a name.
  public var owners: ElementOwners?
  /// The mask that removes elements for a task: its name within the task, with the wildcards of the pattern.
  public var mask: NamePattern?
  /// The order of the channels on compact dimensions.
  public var featureOrder: TensorPlacement.FeatureOrder
  /// The dtype the tensor must have; only beside a name.
  public var dtype: DType?
  /// The shape the tensor must have; only beside a name.
  public var shape: [Int]?

  /// An entry of a plan, by default for tensors that are not cut.
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

/// The tensors that an entry of a plan selects.
public enum NameSelector: Hashable, Sendable {
  /// Every name that matches.
  case match(NamePattern)
  /// Exactly this name, whatever characters it has.
  case name(TensorName)

  /// The pattern or name as written in the plan.
  public var text: String {
    switch self {
    case .match(let pattern): pattern.text
    case .name(let name): name.text
    }
  }
}
