internal import Tensors
public import UnitModel

// The axes on which counting rules differ, one type for each.

extension CountingPolicy {
  /// The elements that count for a (task, level). Policies use the raw value.
  public enum Scope: String, Hashable, Sendable, CaseIterable {
    /// The elements that it uses.
    case active
    /// Everything in the file, whatever the level.
    case stored
    /// The elements that any task uses at this level or a lower one: together they serve all tasks.
    case union
    /// The elements that it uses and no lower level of its task uses.
    case increment
    /// The elements that it uses, without those between units: its units as separate networks.
    case standAlone = "stand-alone"
  }

  /// The heads, or stems, that count for a (task, level).
  public enum Extent: String, Hashable, Sendable, CaseIterable {
    /// Those that it uses.
    case active
    /// Those of every level of its task.
    case task
    /// All in the file.
    case file
  }

  /// The factor by which a row is multiplied.
  public enum Times: Hashable, Sendable {
    /// This factor, from 1 to 1,000,000.
    case count(Int)
    /// The number of tasks.
    case tasks
  }

  /// The way in which equal elements are recognised.
  public enum Ties: String, Hashable, Sendable, CaseIterable {
    /// By bytes: tied tensors count once.
    case once
    /// By names: tied tensors count once for each name.
    case each
    /// By use: elements of several tasks count once for each task, as in separate networks, and each name counts.
    case use
  }

  /// The values that count.
  public enum Density: String, Hashable, Sendable, CaseIterable {
    /// All values.
    case dense
    /// Those that an owner map or a mask keeps for the task; needs the masks' data.
    case masked
    /// Those that are not zero; needs the data.
    case nonZero = "non-zero"
  }

  /// The meaning of one element.
  public enum Elements: String, Hashable, Sendable, CaseIterable {
    /// An element of the weight, whatever its container: eight weights of four bits in an I32 are eight.
    case logical
    /// The container: two elements of four bits are one byte.
    case containers
  }

  /// The unit in which bytes are shown.
  public enum SizeUnit: String, Hashable, Sendable, CaseIterable {
    case bytes
    /// 1,000,000 bytes.
    case megabytes = "MB"
    /// 1,048,576 bytes.
    case mebibytes = "MiB"

    /// The number of bytes in one unit.
    public var bytes: Int {
      switch self {
      case .bytes: 1
      case .megabytes: 1_000_000
      case .mebibytes: 1 << 20
      }
    }
  }

  /// Which elements of a norm count.
  public enum Norms: String, Hashable, Sendable, CaseIterable {
    /// Scale, shift and statistics, as they are stored.
    case asStored = "as-stored"
    /// As after folding into the layer before: a norm with statistics keeps only its shift.
    case folded
  }

  /// The routed experts that count.
  public enum Experts: String, Hashable, Sendable, CaseIterable {
    /// All experts.
    case all
    /// As many experts as a token is sent to.
    case active
  }

  /// The ratio that is reported with a number.
  public enum Ratio: String, Hashable, Sendable, CaseIterable {
    /// The number over that of everything stored.
    case ofStored = "of-stored"
    /// The number over that of the task's last level.
    case ofLargest = "of-largest"
    /// The number of everything stored over this one: 4 if a quarter is left.
    case compression
  }

  /// Names that a policy declares as trained or frozen. For other names this is unknown, unless their role is never
  /// trained.
  public struct Trainability: Hashable, Sendable {
    /// Names that are trained.
    public let trained: [NamePattern]
    /// Names that are frozen. If a name matches both lists, it is frozen.
    public let frozen: [NamePattern]

    /// Whether a tensor is trained; nil if unknown.
    func isTrained(_ name: TensorName, _ role: ParameterRole) -> Bool? {
      if role.isTrainable == false { return false }
      if frozen.contains(where: { $0.match(name.text) != nil }) { return false }
      return trained.contains { $0.match(name.text) != nil } ? true : nil
    }
  }

  /// A role, a part or both that a policy assigns to names.
  public struct RoleAssignment: Hashable, Sendable {
    /// The names to which it applies.
    public let pattern: NamePattern
    /// The assigned role; nil to keep the role that was found.
    public let role: ParameterRole?
    /// The assigned part; nil to keep the part that was found.
    public let part: NetworkPart?
  }

  /// How often each sub-network is chosen.
  public enum SelectionDistribution: Hashable, Sendable {
    /// Equally often.
    case uniform
    /// By these weights; networks without one are never chosen.
    case weights([WeightedNetwork])
  }

  /// A sub-network and its weight in an expectation.
  public struct WeightedNetwork: Hashable, Sendable {
    /// The task's name.
    public let task: TaskID
    /// The level's number, from 1.
    public let level: LevelNumber
    /// The weight, relative to the others; at least 1.
    public let weight: Int
  }

  /// Whether tensors that are cut alike may have different numbers of counted elements.
  var isByTensor: Bool { density != .dense }
}
