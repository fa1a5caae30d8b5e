public import Tensors

/// The largest cost that a sub-network may have.
public struct Budget: Hashable, Sendable, CustomStringConvertible {
  /// What a budget limits.
  public enum Quantity: Hashable, Sendable, CaseIterable {
    /// Parameters, as a counting policy counts them.
    case parameters
    /// Bytes of the counted parameters.
    case bytes
    /// Multiply-adds of the matrix products and convolutions of one run.
    case multiplyAdds
    /// The median time of a run, in nanoseconds.
    case time

    /// Whether the cost follows from the graph, and not from a counting policy.
    public var isWork: Bool { self == .multiplyAdds || self == .time }

    /// The cost in words: "7,380,276 parameters", "64,000,000 bytes", "1,500,000,000 multiply-adds", "2.5 ms".
    public func text(_ cost: Int) -> String {
      switch self {
      case .parameters: "\(cost.grouped) parameters"
      case .bytes: "\(cost.grouped) bytes"
      case .multiplyAdds: "\(cost.grouped) multiply-adds"
      case .time: "\(Self.milliseconds(cost)) ms"
      }
    }

    /// Nanoseconds as milliseconds, without rounding, so that a cost beyond the budget never looks equal to it.
    private static func milliseconds(_ nanoseconds: Int) -> String {
      let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
      var digits = String(1_000_000 + rest).dropFirst()
      while digits.last == "0" { digits.removeLast() }
      return whole.grouped + (digits.isEmpty ? "" : "." + digits)
    }
  }

  /// What is limited.
  public let quantity: Quantity
  /// The largest cost: parameters, bytes, multiply-adds or nanoseconds.
  public let limit: Int

  /// At most `limit` of a quantity; a time is in nanoseconds.
  public init(_ quantity: Quantity, limit: Int) {
    self.quantity = quantity
    self.limit = limit
  }

  /// At most this many parameters, as the counting policy counts them.
  public static func parameters(_ count: ParameterCount) -> Budget { Budget(.parameters, limit: count.value) }
  /// At most this many bytes.
  public static func bytes(_ count: ByteCount) -> Budget { Budget(.bytes, limit: count.value) }

  /// The bytes; nil for a budget of another quantity.
  public var byteCount: ByteCount? { quantity == .bytes ? ByteCount(limit) : nil }

  /// "7,380,276 parameters", "64,000,000 bytes".
  public var description: String { quantity.text(limit) }
}

/// The cost of one level, for the choice within a budget.
public struct LevelCost: Hashable, Sendable {
  /// The level's number, from 1.
  public let level: LevelNumber
  /// Its cost, in the quantity of the budget.
  public let cost: Int

  /// The cost of a level.
  public init(_ level: LevelNumber, cost: Int) {
    self.level = level
    self.cost = cost
  }
}

extension Budget {
  /// The highest level that fits the budget; a higher level need not cost more.
  ///
  /// Throws `PlanError.nothingFits` with the task and the cost of the cheapest level.
  public func select(from costs: [LevelCost], of task: TaskID) throws(PlanError) -> LevelNumber {
    guard let level = costs.filter({ $0.cost <= limit }).map(\.level).max() else {
      throw .nothingFits(
        task: task, budget: self,
        smallest: costs.map(\.cost).min().map(quantity.text) ?? "nothing: there are no levels")
    }
    return level
  }
}
