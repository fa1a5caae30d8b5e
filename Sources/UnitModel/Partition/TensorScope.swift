public import Tensors

/// Who uses a tensor: every sub-network, or only some tasks or levels.
public struct TensorScope: Hashable, Sendable {
  /// The tasks and levels that use a private tensor; empty when everyone does.
  public let users: [User]

  /// A task that uses a private tensor.
  public struct User: Hashable, Sendable {
    /// The task.
    public let task: TaskID
    /// The one level of the task that uses the tensor; nil when all its levels do.
    public let level: LevelNumber?
    /// The name that the graph and an extracted network know the tensor by; nil for its own.
    public let alias: TensorName?

    /// A task, or one level of it, and the name it knows the tensor by.
    public init(task: TaskID, level: LevelNumber? = nil, alias: TensorName? = nil) {
      self.task = task
      self.level = level
      self.alias = alias
    }
  }

  /// The scope with these users; none makes the tensor shared.
  public init(users: [User]) { self.users = users }

  /// Used by every sub-network.
  public static let shared = TensorScope(users: [])

  /// Whether only some tasks or levels use the tensor.
  public var isPrivate: Bool { !users.isEmpty }

  /// The user a (task, level) is; nil when the tensor is shared or not used there.
  public func user(task: TaskID, level: LevelNumber) -> User? {
    users.first { $0.task == task && ($0.level == nil || $0.level == level) }
  }

  /// Whether the same tasks and levels use both, whatever names they know them by.
  func hasUsers(of other: TensorScope) -> Bool {
    func bare(_ users: [User]) -> Set<User> { Set(users.map { User(task: $0.task, level: $0.level) }) }
    return bare(users) == bare(other.users)
  }

  /// Whether the sub-network of a (task, level) has the tensor.
  public func includes(task: TaskID, level: LevelNumber) -> Bool {
    users.isEmpty || user(task: task, level: level) != nil
  }
}
