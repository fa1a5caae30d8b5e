public import Tensors
internal import UnitModel

/// The parameters of every sub-network, and of everything stored, under one policy.
public struct ParameterCounts: Sendable {
  /// The policy that was applied.
  public let policy: CountingPolicy
  /// The sub-networks that were selected, task by task, level by level.
  public let networks: [ParameterRow]
  /// Everything in the file.
  public let stored: ParameterRow
  /// The number of each task's last level, if the policy's ratio is over it.
  let largest: [TaskID: ParameterCount]
  /// The expected number over the policy's selection; nil if it has none, or the file has no networks.
  public let expectation: Expectation?
  /// The tensors that the policy leaves out, in the order of the file.
  public let leftOut: [TensorName]
  /// Patterns of the policy that match no tensor; each text begins with the pattern's key in the policy.
  public let unmatched: [String]

  /// The policy's ratio for a row; nil if the policy has none, or if it would divide by 0.
  public func ratio(of row: ParameterRow) -> Double? {
    let number = Double(row.parameters.value)
    let all = Double(stored.parameters.value)
    switch policy.ratio {
    case .ofStored: return all == 0 ? nil : number / all
    case .compression: return number == 0 ? nil : all / number
    case .ofLargest:
      guard let task = row.task, let largest = largest[task], largest.value > 0 else { return nil }
      return number / Double(largest.value)
    }
  }
}

/// A weighted mean of numbers of parameters, exact as a fraction.
public struct Expectation: Hashable, Sendable {
  /// The weighted sum.
  public let sum: Int
  /// The sum of the weights, at least 1.
  public let weight: Int

  /// The mean.
  public var value: Double { Double(sum) / Double(weight) }
}
