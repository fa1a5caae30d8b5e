public import UnitModel

/// The levels of every task, as one text: the value of `--levels`.
///
/// `1,2,4`: the number of units that each level takes from the task's order. `1,[0,3],4`: a list in brackets gives the
/// units themselves. `small=1,large=4`: levels with names.
public struct LevelsOption: Hashable, Sendable {
  /// The levels in order; level 1 is the first.
  public let levels: [PlanLevel]
  /// The names of the levels; empty if they have none.
  public let names: [String]

  /// Parses the option; throws `PlanningError.badOption`.
  public init(parsing text: String) throws(PlanningError) {
    func bad(_ found: String) -> PlanningError {
      .badOption(
        option: "--levels", text: text,
        expected:
          "numbers of units such as 1,2,4, lists of units such as 1,[0,3], or names for all such as small=1,large=4",
        found: found)
    }
    var levels: [PlanLevel] = []
    var names: [String] = []
    var rest = Substring(text.filter { $0 != " " })
    while true {
      if let equals = rest.firstIndex(of: "="), !rest[..<equals].contains(",") {
        let name = String(rest[..<equals])
        guard LevelName.isValid(name) else { throw bad("the name '\(name)'") }
        guard !names.contains(name) else { throw bad("the name '\(name)' twice") }
        names.append(name)
        rest = rest[rest.index(after: equals)...]
      }
      if rest.first == "[" {
        guard let close = rest.firstIndex(of: "]") else { throw bad("no ']'") }
        var units: [UnitID] = []
        for item in rest[rest.index(after: rest.startIndex)..<close].split(
          separator: ",", omittingEmptySubsequences: false)
        {
          guard let unit = Int(item), unit >= 0 else { throw bad("the unit '\(item)'") }
          guard !units.contains(UnitID(unit)) else { throw bad("unit \(unit) twice in one level") }
          units.append(UnitID(unit))
        }
        levels.append(.units(units))
        rest = rest[rest.index(after: close)...]
      } else {
        let item = rest.prefix { $0 != "," }
        guard let count = Int(item), count >= 0 else { throw bad("'\(item)'") }
        levels.append(.count(count))
        rest = rest[item.endIndex...]
      }
      if rest.isEmpty { break }
      guard rest.first == "," else { throw bad("'\(rest)' after ']'") }
      rest.removeFirst()
    }
    guard names.isEmpty || names.count == levels.count else {
      throw bad("\(names.count) of \(levels.count) levels with a name")
    }
    self.levels = levels
    self.names = names
  }
}
