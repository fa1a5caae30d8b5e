internal import Tensors

extension OptimizerState {
  /// Why values are no state_dict of an optimizer.
  struct Malformed: Error {
    let place: String
    let expected: String
    let found: String
  }

  /// The state_dict with these entries, whose tensors are named by their paths: `state.0.exp_avg`.
  ///
  /// `{"state": {parameter: {key: value}}, "param_groups": [{"params": [parameter], key: value}]}`
  init(_ entries: [Entry], place: [Key], modelPlace: [String]) throws(Malformed) {
    self.init(place: place, modelPlace: modelPlace, parameters: [], groups: [])
    var states: [Entry] = []
    for entry in entries {
      switch entry.key {
      case .text("state"): states = try Self.entries(entry.value, "state")
      case .text("param_groups"): try readGroups(entry.value)
      default: others.append(entry)
      }
    }
    var open = Dictionary(
      parameters.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
    for entry in states {
      guard let place = open.removeValue(forKey: entry.key) else {
        throw Malformed(
          place: "state", expected: "the state of parameters that are in a group, once",
          found: "key \(TensorName(entry.key.text).quoted)")
      }
      parameters[place].state = try Self.entries(entry.value, "state.\(entry.key.text)")
    }
  }

  private mutating func readGroups(_ value: Value) throws(Malformed) {
    guard let list = value.members else {
      throw Malformed(place: "param_groups", expected: "a list of groups", found: "another value")
    }
    var known: Set<Key> = []
    for (number, group) in list.enumerated() {
      let place = "param_groups.\(number)"
      var ids: [Key]?
      var names: [TensorName]?
      var values: [Entry] = []
      for entry in try Self.entries(group, place) {
        switch entry.key {
        case .text("params"):
          ids = entry.value.members?.compactMap(\.key)
          if ids?.count != entry.value.members?.count { ids = nil }
        case .text("param_names"):
          let found = entry.value.members?.map(\.key)
          names = try found?.map { (key) throws(Malformed) in
            guard case .text(let name)? = key else {
              throw Malformed(
                place: place, expected: "names of parameters as texts", found: "another value")
            }
            return TensorName(name)
          }
          if names == nil {
            throw Malformed(place: place, expected: "a list of names of parameters", found: "another value")
          }
        default: values.append(entry)
        }
      }
      guard let ids, ids.allSatisfy({ known.insert($0).inserted }) else {
        throw Malformed(
          place: place, expected: "a list of parameters, each in one group", found: "none, or a repeated one")
      }
      guard names == nil || names?.count == ids.count else {
        throw Malformed(
          place: place, expected: "\(ids.count) names of parameters", found: "\(names?.count ?? 0)")
      }
      let first = parameters.count
      for (place, id) in ids.enumerated() {
        parameters.append(Parameter(id: id, name: names?[place] ?? id.name))
      }
      groups.append(
        Group(parameters: Array(first..<parameters.count), hasNames: names != nil, values: values))
    }
  }

  private static func entries(_ value: Value, _ place: String) throws(Malformed) -> [Entry] {
    guard case .dictionary(let entries) = value else {
      throw Malformed(place: place, expected: "a dictionary", found: "another value")
    }
    return entries
  }
}

extension OptimizerState.Key {
  /// The name of a parameter that has no number.
  fileprivate var name: TensorName? {
    if case .text(let name) = self { TensorName(name) } else { nil }
  }
}

extension OptimizerState.Value {
  /// The members of a list or a tuple; nil for other values.
  fileprivate var members: [OptimizerState.Value]? {
    switch self {
    case .list(let values), .tuple(let values): values
    default: nil
    }
  }

  /// The value as a key; nil for values that are none here.
  fileprivate var key: OptimizerState.Key? {
    switch self {
    case .integer(let number): .number(number)
    case .text(let text): .text(text)
    default: nil
    }
  }
}
