public import UnitModel

/// Methods, what they reach, and the one rule under which they are counted.
public struct Study: Sendable {
  /// What the study is about.
  public let title: String
  /// The common policy, by name or path.
  public let policy: String
  /// Further policies under which conclusions are looked at again; nil for all presets.
  public let policies: [String]?
  /// How tests are made.
  public let settings: Settings
  /// The methods, with distinct names.
  public let methods: [Method]
  /// What was measured.
  public let results: [Result]

  /// A method and where its numbers of parameters come from.
  public struct Method: Hashable, Sendable {
    /// The name.
    public let name: String
    /// The file or the plan that is counted, seen from the study's folder; nil where numbers are only cited.
    public let file: String?
    /// Cited numbers of parameters by the policy under which they were published.
    public let cited: [CitedCount]
    /// Where the numbers or the file come from.
    public let source: String?
  }

  /// A number that was not counted but read somewhere.
  public struct CitedCount: Hashable, Sendable {
    /// The id of the policy that fits what the source counts.
    public let policy: String
    /// The number of parameters.
    public let parameters: Int
  }

  /// Accuracies of one method at one level of one task.
  public struct Result: Hashable, Sendable {
    /// The method's name.
    public let method: String
    /// The task, on which methods are compared.
    public let task: TaskID
    /// The task's name in the method's file.
    public let taskInFile: TaskID
    /// The level; nil for the whole file.
    public let level: LevelNumber?
    /// Accuracies as fractions, in ascending order of seeds, or in the order of the list where seeds are unknown.
    public let accuracies: [Double]
    /// The seeds, as many as accuracies; nil where they are unknown.
    public let seeds: [Int]?
    /// How many cases the test set has.
    public let testSize: Int?

    /// What it is about.
    struct Subject: Hashable {
      let method: String
      let task: TaskID
      let taskInFile: TaskID
      let level: LevelNumber?
    }

    var subject: Subject { Subject(method: method, task: task, taskInFile: taskInFile, level: level) }
  }

  /// How tests are made.
  public struct Settings: Hashable, Sendable {
    /// Two budgets match when they differ by at most this share of the larger.
    public var tolerance = 0.05
    /// The level of significance, after Holm's correction.
    public var alpha = 0.05
    /// Resamples of bootstrap and almost stochastic order.
    public var resamples = 2000
    /// The seed of the resamples.
    public var seed = 1
    /// The level of confidence of intervals.
    public var confidence: Double { 1 - alpha }
  }

  /// The format that a study names.
  public static let format = "tessera.study/1"
  /// The most bytes that a study, or its table of accuracies, may have.
  public static let sizeLimit = 1 << 24
  /// The most results, methods, and pairs that are compared.
  public static let resultLimit = 2000
  /// The most further policies.
  public static let policyLimit = 100
  /// The most accuracies that may be drawn in all resamples together: some five seconds' work.
  public static let drawLimit = 200_000_000
  /// The most accuracies of one result.
  public static let seedLimit = 10_000
}
