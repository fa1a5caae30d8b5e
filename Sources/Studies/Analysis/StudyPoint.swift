public import Accounting
internal import UnitModel

/// One method at one level of one task: its parameters and its accuracies.
public struct StudyPoint: Sendable {
  /// The measured accuracies.
  public let result: Study.Result
  /// The numbers of parameters, by the index of the policy in the analysis; nil if unknown.
  public let parameters: [Int?]
  /// The row under the common policy; nil for cited methods.
  public let row: ParameterRow?
  /// The accuracies, one for each seed.
  public let sample: Sample
  /// The interval of the mean over seeds, within 0 and 1; nil at N = 1.
  public let seedInterval: Interval?
  /// At N = 1, the exact interval of the proportion on the test set; nil if its size is unknown, or N > 1.
  public let testInterval: Interval?
  /// The same interval by Wilson's method.
  public let wilsonInterval: Interval?
  /// Whether no other point of the task has at least this accuracy with fewer parameters, or a higher accuracy with at
  /// most this number of parameters.
  public internal(set) var isOnFront = false

  /// The number under the common policy; nil if unknown.
  public var number: Int? { parameters.first.flatMap { $0 } }
  /// The name of the point in reports.
  public var name: String { result.level.map { "\(result.method), level \($0)" } ?? result.method }

  init?(_ result: Study.Result, parameters: [Int?], row: ParameterRow?, confidence: Double) {
    guard let sample = Sample(result.accuracies) else { return nil }
    self.result = result
    self.parameters = parameters
    self.row = row
    self.sample = sample
    seedInterval = sample.meanInterval(confidence: confidence).map {
      Interval(low: max(0, $0.low), high: min(1, $0.high))
    }
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
