public import Tensors

/// The users of a tensor: every sub-network, or only some tasks or levels.
public struct TensorScope: Hashable, Sendable {
  /// The tasks and levels that use a private tensor; empty for a tensor that every sub-network uses.
  public let users: [User]

  /// A task that uses a private tensor.
  public struct User: Hashable, Sendable {
    /// The task's name.
    public let task: TaskID
    /// The only level of the task that uses the tensor; nil if all its levels use it.
    public let level: LevelNumber?
    /// The tensor's name in the graph and in an extracted network; nil for its own.
    public let alias: TensorName?

    /// A task, or one of its levels, with its name for the tensor.
    public init(task: TaskID, level: LevelNumber? = nil, alias: TensorName? = nil) {
      self.task = task
      self.level = level
      self.alias = alias
    }
  }

  /// The scope with these users; if there are none, the tensor is shared.
  public init(users: [User]) { self.users = users }

  /// The scope of a tensor that every sub-network uses.
  public static let shared = TensorScope(users: [])

  /// Whether only some tasks or levels use the tensor.
  public var isPrivate: Bool { !users.isEmpty }

  /// The entry in `users` for a (task, level); nil if the tensor is shared or not used there.
  public func user(task: TaskID, level: LevelNumber) -> User? {
    users.first { $0.task == task && ($0.level == nil || $0.level == level) }
  }

  /// Whether the same tasks and levels use both, even under different names.
  func hasUsers(of other: TensorScope) -> Bool {
    func bare(_ users: [User]) -> Set<User> { Set(users.map { User(task: $0.task, level: $0.level) }) }
    return bare(users) == bare(other.users)
  }

  /// Whether the sub-network of a (task, level) uses the tensor.
  public func includes(task: TaskID, level: LevelNumber) -> Bool {
    users.isEmpty || user(task: task, level: level) != nil
  }
}
