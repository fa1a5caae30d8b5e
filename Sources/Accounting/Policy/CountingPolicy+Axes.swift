internal import Tensors
public import UnitModel

// The axes on which counting rules differ, one type for each.

extension CountingPolicy {
  /// Which elements a (task, level) is said to have. The raw value is the policy's spelling.
  public enum Scope: String, Hashable, Sendable, CaseIterable {
    /// Those it uses.
    case active
    /// Everything in the file: what does not shrink with the width.
    case stored
    /// Those that some task uses at this level or a lower one: what must be there to serve all of them.
    case union
    /// Those it uses and no lower level of its task does.
    case increment
    /// Those it uses, without what lies between units: its units as networks of their own.
    case standAlone = "stand-alone"
  }

  /// Whose heads, or stems, a (task, level) is said to have.
  public enum Extent: String, Hashable, Sendable, CaseIterable {
    /// Those it uses.
    case active
    /// Those of every level of its task.
    case task
    /// All in the file.
    case file
  }

  /// How often a row is counted.
  public enum Times: Hashable, Sendable {
    /// So many times.
    case count(Int)
    /// Once for each task.
    case tasks
  }

  /// What makes two elements one.
  public enum Ties: String, Hashable, Sendable, CaseIterable {
    /// Their bytes: tied tensors count once.
    case once
    /// Their names: tied tensors count once for each name.
    case each
    /// Their use: elements of several tasks count once for each task, as in separate networks; names count each.
    case use
  }

  /// Which values count.
  public enum Density: String, Hashable, Sendable, CaseIterable {
    /// All of them.
    case dense
    /// Those that an owner map or a mask leaves to the task; needs the masks' data.
    case masked
    /// Those that are not zero; needs the data.
    case nonZero = "non-zero"
  }

  /// What one element is.
  public enum Elements: String, Hashable, Sendable, CaseIterable {
    /// An element of the weight, whatever holds it: eight weights of four bits in an I32 are eight.
    case logical
    /// What holds it: two elements of four bits are one byte.
    case containers
  }

  /// The unit in which people read bytes.
  public enum SizeUnit: String, Hashable, Sendable, CaseIterable {
    case bytes
    /// 1,000,000 bytes.
    case megabytes = "MB"
    /// 1,048,576 bytes.
    case mebibytes = "MiB"

    /// Bytes in one of these.
    public var bytes: Int {
      switch self {
      case .bytes: 1
      case .megabytes: 1_000_000
      case .mebibytes: 1 << 20
      }
    }
  }

  /// How a norm is counted.
  public enum Norms: String, Hashable, Sendable, CaseIterable {
    /// Scale, shift and statistics, as they are stored.
    case asStored = "as-stored"
    /// As after folding into the layer before: of a norm with statistics only the shift is left.
    case folded
  }

  /// Which of the experts are counted that a router chooses among.
  public enum Experts: String, Hashable, Sendable, CaseIterable {
    /// All of them.
    case all
    /// As many as a token is sent to.
    case active
  }

  /// A ratio, by name.
  public enum Ratio: String, Hashable, Sendable, CaseIterable {
    /// The number over that of everything stored.
    case ofStored = "of-stored"
    /// The number over that of the task's last level.
    case ofLargest = "of-largest"
    /// The number of everything stored over this one: 4 when a quarter is left.
    case compression
  }

  /// What a policy says about training. A name that neither list matches stays unknown, unless its role is never
  /// trained.
  public struct Trainability: Hashable, Sendable {
    /// Names that are trained.
    public let trained: [NamePattern]
    /// Names that are frozen; they count before `trained`.
    public let frozen: [NamePattern]

    /// Whether a tensor is trained; nil when nobody says.
    func isTrained(_ name: TensorName, _ role: ParameterRole) -> Bool? {
      if role.isTrainable == false { return false }
      if frozen.contains(where: { $0.match(name.text) != nil }) { return false }
      return trained.contains { $0.match(name.text) != nil } ? true : nil
    }
  }

  /// A role or a part that a policy gives to names.
  public struct RoleAssignment: Hashable, Sendable {
    /// The names.
    public let pattern: NamePattern
    /// Their role; nil for the one that was found.
    public let role: ParameterRole?
    /// Their part; nil for the one that was found.
    public let part: NetworkPart?
  }

  /// How often each virtual network is chosen.
  public enum SelectionDistribution: Hashable, Sendable {
    /// Equally often.
    case uniform
    /// By these weights; the others never.
    case weights([WeightedNetwork])
  }

  /// A virtual network and its share.
  public struct WeightedNetwork: Hashable, Sendable {
    /// The task.
    public let task: TaskID
    /// The level.
    public let level: LevelNumber
    /// How often, beside the others' weights; from 1.
    public let weight: Int
  }

  /// Whether tensors that are cut alike may still differ in what counts.
  var isByTensor: Bool { density != .dense }
}
