public import Accounting
internal import UnitModel

/// One method at one level of one task: what it has and what it reaches.
public struct StudyPoint: Sendable {
  /// What was measured.
  public let result: Study.Result
  /// The numbers of parameters, by the index of the policy in the analysis; nil where none is known: nothing was cited
  /// under this policy.
  public let parameters: [Int?]
  /// The row under the common policy; nil for cited methods.
  public let row: ParameterRow?
  /// The accuracies.
  public let sample: Sample
  /// The interval of the mean over seeds; nil at N = 1.
  public let seedInterval: Interval?
  /// At N = 1 the exact interval of the proportion on the test set; nil where its size is unknown, or N > 1.
  public let testInterval: Interval?
  /// The same by Wilson.
  public let wilsonInterval: Interval?
  /// Whether no other point of the task has at least this accuracy with fewer parameters, or more with as many.
  public internal(set) var isOnFront = false

  /// The number under the common policy; nil where none is known.
  public var number: Int? { parameters.first.flatMap { $0 } }
  /// The name of the point in reports.
  public var name: String { result.level.map { "\(result.method), level \($0)" } ?? result.method }

  init?(_ result: Study.Result, parameters: [Int?], row: ParameterRow?, confidence: Double) {
    guard let sample = Sample(result.accuracies) else { return nil }
    self.result = result
    self.parameters = parameters
    self.row = row
    self.sample = sample
    seedInterval = sample.meanInterval(confidence: confidence)
    guard sample.count == 1, let size = result.testSize else {
      testInterval = nil
      wilsonInterval = nil
      return
    }
    let successes = Int((sample.mean * Double(size)).rounded())
    testInterval = BinomialInterval.clopperPearson(successes, of: size, confidence: confidence)
    wilsonInterval = BinomialInterval.wilson(successes, of: size, confidence: confidence)
  }
}
