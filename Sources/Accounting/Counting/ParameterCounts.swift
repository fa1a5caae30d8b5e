public import Tensors
internal import UnitModel

/// The parameters of every virtual network, and of everything stored, under one policy.
public struct ParameterCounts: Sendable {
  /// The rule.
  public let policy: CountingPolicy
  /// The virtual networks that were asked for, task by task, level by level.
  public let networks: [ParameterRow]
  /// Everything in the file.
  public let stored: ParameterRow
  /// For each task the number of its last level, where the policy's ratio is over it.
  let largest: [TaskID: ParameterCount]
  /// The expected number over the policy's selection; nil where it has none, or the file no networks.
  public let expectation: Expectation?
  /// The tensors that the policy leaves out whole, in the order of the file.
  public let leftOut: [TensorName]
  /// Patterns of the policy that match no tensor, each with its key.
  public let unmatched: [String]

  /// The policy's ratio for a row; nil where it would divide by 0 or has no meaning.
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
