internal import StrictJSON
public import UnitModel

/// A number claimed for a sub-network, or for a whole file.
public struct Claim: Hashable, Sendable {
  /// The source of the claim, in any words: a paper, a table, a method. It is printed and not interpreted.
  public let method: String
  /// The task and level that the number is claimed for; nil if it is claimed for the whole file.
  public let network: Network?
  /// The claimed number of parameters or bytes.
  public let number: ClaimedNumber
  /// How the source rounded the exact number; `nearest` unless the document gives another way.
  public let rounding: ClaimedNumber.Rounding
  /// The policy under which to count: the id of a preset or a path. If nil, the policy of the caller is used.
  public let policy: String?

  /// One sub-network: a task at one of its levels.
  public struct Network: Hashable, Sendable {
    /// The task's name, as in the plan.
    public let task: TaskID
    /// The level's number, from 1.
    public let level: LevelNumber

    /// The sub-network of a task at a level; neither is checked against a file here.
    public init(task: TaskID, level: LevelNumber) {
      self.task = task
      self.level = level
    }
  }

  /// The text that `format` must have in a document of claims.
  public static let format = "tessera.claims/1"
  /// The largest size of such a document, in bytes: 4 MiB.
  public static let sizeLimit = 1 << 22

  /// Parses a document of claims (`schemas/claims.schema.json`).
  ///
  /// Throws the cases of `AccountingError` for documents.
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
