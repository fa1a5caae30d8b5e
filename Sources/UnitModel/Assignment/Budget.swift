public import Tensors

/// What a sub-network may cost.
public enum Budget: Hashable, Sendable, CustomStringConvertible {
  /// At most this many parameters, under whatever policy counts them.
  case parameters(ParameterCount)
  /// At most this many bytes.
  case bytes(ByteCount)

  /// "7,380,276 parameters", "64000000 bytes".
  public var description: String {
    switch self {
    case .parameters(let count): "\(count) parameters"
    case .bytes(let count): "\(ParameterCount(count.value)) bytes"
    }
  }
}

/// What one level costs.
public struct LevelTotal: Hashable, Sendable {
  /// The level.
  public let level: LevelNumber
  /// Its parameters, under the policy that the budget is meant for.
  public let parameters: ParameterCount
  /// Its bytes.
  public let bytes: ByteCount

  /// The cost of a level.
  public init(level: LevelNumber, parameters: ParameterCount, bytes: ByteCount) {
    self.level = level
    self.parameters = parameters
    self.bytes = bytes
  }
}
