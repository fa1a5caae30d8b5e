public import UnitModel

/// Methods with their accuracies, and the common policy under which they are counted.
public struct Study: Sendable {
  /// The title of the study, for readers.
  public let title: String
  /// The common policy, by name or path.
  public let policy: String
  /// Further policies under which conclusions are checked again; nil for all presets.
  public let policies: [String]?
  /// The settings of the tests and intervals.
  public let settings: Settings
  /// The methods, with distinct names.
  public let methods: [Method]
  /// The measured accuracies.
  public let results: [Result]

  /// A method, and where its numbers of parameters come from.
  public struct Method: Hashable, Sendable {
    /// The name; no other method of the study has it.
    public let name: String
    /// The file or the plan that is counted, relative to the study's folder; nil if numbers are only cited.
    public let file: String?
    /// Cited numbers of parameters by the policy under which they were published.
    public let cited: [CitedCount]
    /// The source of the numbers or of the file.
    public let source: String?
  }

  /// A number that was cited, not counted.
  public struct CitedCount: Hashable, Sendable {
    /// The id of the policy that counts the same elements as the source.
    public let policy: String
    /// The cited number of parameters.
    public let parameters: Int
  }

  /// Accuracies of one method at one level of one task.
  public struct Result: Hashable, Sendable {
    /// The method's name.
    public let method: String
    /// The task. Only results on the same task are compared.
    public let task: TaskID
    /// The task's name in the method's file.
    public let taskInFile: TaskID
    /// The level's number; nil for the whole file.
    public let level: LevelNumber?
    /// Accuracies as fractions, in ascending order of seeds; if seeds are unknown, in the order of the list.
    public let accuracies: [Double]
    /// The seeds, as many as accuracies; nil if unknown.
    public let seeds: [Int]?
    /// The number of cases in the test set; nil if unknown.
    public let testSize: Int?

    /// The combination that must be unique in a study.
    struct Subject: Hashable {
      let method: String
      let task: TaskID
      let taskInFile: TaskID
      let level: LevelNumber?
    }

    var subject: Subject { Subject(method: method, task: task, taskInFile: taskInFile, level: level) }
  }

  /// The settings of tests and intervals.
  public struct Settings: Hashable, Sendable {
    /// The name of the method that every other method is compared with; nil to compare every pair.
    public var baseline: String?
    /// The largest difference of two matching budgets, as a share of the larger one.
    public var tolerance = 0.05
    /// The level of significance, after Holm's correction.
    public var alpha = 0.05
    /// The number of resamples for the bootstrap and for the almost stochastic order.
    public var resamples = 2000
    /// The seed of the resamples; the same seed gives the same intervals.
    public var seed = 1
    /// The level of confidence of intervals: 1 − `alpha`.
    public var confidence: Double { 1 - alpha }
  }

  /// The text that `format` must have in a study.
  public static let format = "tessera.study/1"
  /// The largest size of a study, or of its table of accuracies, in bytes: 16 MiB.
  public static let sizeLimit = 1 << 24
  /// The most results, methods, and pairs that are compared.
  public static let resultLimit = 2000
  /// The most policies besides the common one.
  public static let policyLimit = 100
  /// The most accuracies drawn in all resamples together; this takes about five seconds.
  public static let drawLimit = 200_000_000
  /// The most accuracies of one result.
  public static let seedLimit = 10_000
}
