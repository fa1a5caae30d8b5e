internal import StrictJSON
internal import Tensors
internal import UnitModel

extension PolicyReader {
  func roles() throws(AccountingError) -> CountingPolicy.Choice<ParameterRole> {
    try choice("roles") { (texts, place) throws(AccountingError) in
      var roles: [ParameterRole] = []
      for (index, text) in texts.enumerated() {
        let role = try role(text, "\(place)[\(index)]")
        if roles.contains(role) { throw .roleTwice(place: "\(place)[\(index)]", role: role) }
        roles.append(role)
      }
      return roles
    }
  }

  func parts() throws(AccountingError) -> CountingPolicy.Choice<NetworkPart> {
    try choice("parts") { (texts, place) throws(AccountingError) in
      var parts: [NetworkPart] = []
      for (index, text) in texts.enumerated() { parts.append(try part(text, "\(place)[\(index)]")) }
      return parts
    }
  }

  func names() throws(AccountingError) -> CountingPolicy.Choice<NamePattern> {
    try choice("names") { (texts, place) throws(AccountingError) in try patterns(texts, place) }
  }

  func assignments() throws(AccountingError) -> [CountingPolicy.RoleAssignment] {
    var result: [CountingPolicy.RoleAssignment] = []
    for (index, entry) in try objects("assign").enumerated() {
      let place = "assign[\(index)]"
      try allow(["match", "role", "part"], in: entry, place: place)
      guard case .string(let match)? = entry["match"] else { throw .missingKey(key: "\(place).match") }
      guard entry["role"] != nil || entry["part"] != nil else {
        throw .keysMissing(place: place, first: "role", second: "part")
      }
      guard let pattern = NamePattern(match) else {
        throw .badPattern(place: "\(place).match", pattern: match)
      }
      let role = try text("role", of: entry, place).map { (text) throws(AccountingError) in
        try self.role(text, "\(place).role")
      }
      let part = try text("part", of: entry, place).map { (text) throws(AccountingError) in
        try self.part(text, "\(place).part")
      }
      result.append(.init(pattern: pattern, role: role, part: part))
    }
    return result
  }

  func times() throws(AccountingError) -> CountingPolicy.Times {
    switch object["times"] {
    case nil: return .count(1)
    case .string("tasks")?: return .tasks
    case let value?: return .count(try integer(value, in: 1...1_000_000, place: "times", or: " or 'tasks'"))
    }
  }

  func bits() throws(AccountingError) -> [ParameterRole: Int] {
    guard let value = object["bits"] else { return [:] }
    guard case .object(let inner) = value else {
      throw .wrongType(place: "bits", expected: "an object", found: value.kindName)
    }
    var bits: [ParameterRole: Int] = [:]
    for member in inner.members {
      let role = try role(member.key, "bits")
      bits[role] = try integer(member.value, in: 1...64, place: "bits.\(role.rawValue)")
    }
    return bits
  }

  func trainability() throws(AccountingError) -> CountingPolicy.Trainability? {
    guard let value = object["trainable"] else { return nil }
    guard case .object(let inner) = value else {
      throw .wrongType(place: "trainable", expected: "an object", found: value.kindName)
    }
    try allow(["trained", "frozen"], in: inner, place: "trainable")
    var lists: [[NamePattern]] = []
    for key in ["trained", "frozen"] {
      let place = "trainable.\(key)"
      guard let list = inner[key] else {
        lists.append([])
        continue
      }
      lists.append(try patterns(try strings(list, place), place))
    }
    return .init(trained: lists[0], frozen: lists[1])
  }

  func selection() throws(AccountingError) -> CountingPolicy.SelectionDistribution? {
    guard let value = object["selection"] else { return nil }
    if value == .string("uniform") { return .uniform }
    var networks: [CountingPolicy.WeightedNetwork] = []
    for (index, entry) in try objects("selection").enumerated() {
      let place = "selection[\(index)]"
      try allow(["task", "level", "weight"], in: entry, place: place)
      guard let task = try text("task", of: entry, place) else { throw .missingKey(key: "\(place).task") }
      guard let level = entry["level"] else { throw .missingKey(key: "\(place).level") }
      guard let weight = entry["weight"] else { throw .missingKey(key: "\(place).weight") }
      networks.append(
        .init(
          task: TaskID(task),
          level: LevelNumber(try integer(level, in: 1...1_000_000, place: "\(place).level")),
          weight: try integer(weight, in: 1...1_000_000, place: "\(place).weight")))
    }
    if networks.isEmpty {
      throw .outOfRange(place: "selection", expected: "'uniform' or at least one network", found: "none")
    }
    return .weights(networks)
  }

  private func role(_ text: String, _ place: String) throws(AccountingError) -> ParameterRole {
    guard let role = ParameterRole(rawValue: text) else {
      throw .unknownRole(
        place: place, found: text,
        nearest: nearestName(to: text, among: ParameterRole.allCases.map(\.rawValue)))
    }
    return role
  }

  private func part(_ text: String, _ place: String) throws(AccountingError) -> NetworkPart {
    guard let part = NetworkPart(rawValue: text) else {
      throw .outOfRange(
        place: place, expected: NetworkPart.allCases.map { "'\($0.rawValue)'" }.joined(separator: " or "),
        found: TensorName(text).quoted)
    }
    return part
  }

  private func patterns(_ texts: [String], _ place: String) throws(AccountingError) -> [NamePattern] {
    var patterns: [NamePattern] = []
    for (index, text) in texts.enumerated() {
      guard let pattern = NamePattern(text) else {
        throw .badPattern(place: "\(place)[\(index)]", pattern: text)
      }
      patterns.append(pattern)
    }
    return patterns
  }

  private func objects(_ key: String) throws(AccountingError) -> [JSONObject] {
    guard let value = object[key] else { return [] }
    guard case .array(let values) = value else {
      throw .wrongType(place: key, expected: "an array", found: value.kindName)
    }
    var objects: [JSONObject] = []
    for (index, value) in values.enumerated() {
      guard case .object(let inner) = value else {
        throw .wrongType(place: "\(key)[\(index)]", expected: "an object", found: value.kindName)
      }
      objects.append(inner)
    }
    return objects
  }

  private func text(_ key: String, of object: JSONObject, _ place: String) throws(AccountingError) -> String?
  {
    guard let value = object[key] else { return nil }
    guard case .string(let text) = value else {
      throw .wrongType(place: "\(place).\(key)", expected: "a string", found: value.kindName)
    }
    return text
  }

  private func integer(
    _ value: JSONValue, in range: ClosedRange<Int>, place: String, or: String = ""
  ) throws(AccountingError) -> Int {
    let expected = "an integer from \(range.lowerBound) to \(range.upperBound)\(or)"
    guard case .integer(let number) = value else {
      throw .wrongType(place: place, expected: expected, found: value.kindName)
    }
    guard let number = Int(exactly: number), range.contains(number) else {
      throw .outOfRange(place: place, expected: expected, found: "\(number)")
    }
    return number
  }
}
