internal import StrictJSON
public import UnitModel

/// A number claimed for a sub-network, or for a whole file.
public struct Claim: Hashable, Sendable {
  /// The source of the claim, for readers.
  public let method: String
  /// The task and the level; nil for everything stored.
  public let network: Network?
  /// The number.
  public let number: ClaimedNumber
  /// How it was rounded.
  public let rounding: ClaimedNumber.Rounding
  /// The policy of the claim, by name or path; nil for the plan's.
  public let policy: String?

  /// A task at a level.
  public struct Network: Hashable, Sendable {
    /// The task.
    public let task: TaskID
    /// The level.
    public let level: LevelNumber

    /// A task at a level.
    public init(task: TaskID, level: LevelNumber) {
      self.task = task
      self.level = level
    }
  }

  /// The value of `format` in a document of claims.
  public static let format = "tessera.claims/1"
  /// The most bytes of such a document.
  public static let sizeLimit = 1 << 22

  /// Parses a document of claims (`schemas/claims.schema.json`).
  ///
  /// Throws the cases of `AccountingError` that are about documents.
  public static func parse(_ bytes: [UInt8]) throws(AccountingError) -> [Claim] {
    let document = try AccountingNode(parsing: bytes, format: format, sizeLimit: sizeLimit)
    let object = try document.object(allowing: ["format", "$schema", "description", "claims"])
    _ = try object.optional("description")?.string()
    let list = try object.required("claims")
    var claims: [Claim] = []
    for node in try list.array() { claims.append(try Claim(node)) }
    if claims.isEmpty { throw .outOfRange(place: list.place, expected: "at least one claim", found: "none") }
    return claims
  }

  private init(_ node: AccountingNode) throws(AccountingError) {
    let object = try node.object(allowing: ["method", "task", "level", "claimed", "rounding", "policy"])
    method = try object.optional("method")?.string() ?? ""
    let task = try object.optional("task")?.string()
    let level = try object.optional("level")?.integer(in: 1...Assignment.networkLimit)
    switch (task, level) {
    case (let task?, let level?): network = Network(task: TaskID(task), level: LevelNumber(level))
    case (nil, nil): network = nil
    default:
      throw .outOfRange(
        place: node.place, expected: "task and level, or neither of them",
        found: task == nil ? "only a level" : "only a task")
    }
    let claimed = try object.required("claimed")
    if case .integer = claimed.value {
      number = ClaimedNumber(exactly: try claimed.integer(in: 0...Int.max))
    } else {
      let text = try claimed.string()
      guard let number = ClaimedNumber(text) else {
        throw .outOfRange(
          place: claimed.place, expected: "a number such as 1.9M, 7,380,276 or 64MB",
          found: "'\(JSONWriter.escaped(text))'")
      }
      self.number = number
    }
    rounding = try object.optional("rounding")?.word(ClaimedNumber.Rounding.self) ?? .nearest
    policy = try object.optional("policy")?.string()
  }
}
