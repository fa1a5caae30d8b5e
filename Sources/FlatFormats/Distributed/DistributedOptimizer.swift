internal import Tensors

/// The state of the optimizer in a distributed checkpoint, put together from names.
///
/// A planner writes each value of a nested dictionary under the keys that lead to it, and some trainers write the names
/// of parameters between them:
///
/// * `optimizer.state.fc.weight.exp_avg`, `optimizer.param_groups.0.lr`: a nested dictionary, at any place.
/// * `state.fc.weight.exp_avg`, `param_groups.fc.weight.lr`: beside the model's own names; parameters with the same
///   settings make up a group.
/// * `optimizer.state.exp_avg.fc.weight`: Megatron's order.
struct DistributedOptimizer {
  let state: OptimizerState
  /// For the name of each tensor in the checkpoint, its name in `state`.
  let names: [TensorName: TensorName]
  /// Whether groups list their parameters. The checkpoint keeps no other order.
  let hasOrder: Bool

  /// - Parameters:
  ///   - items: the names of the optimizer's tensors and values after that of the optimizer, in the order of the
  ///     checkpoint; a tensor has its own name as its value.
  ///   - model: the names of the model's tensors, without the key of the model.
  init(
    _ items: [(path: String, value: OptimizerState.Value)], model: Set<TensorName>,
    place: [OptimizerState.Key],
    modelPlace: [String]
  ) throws(OptimizerState.Malformed) {
    var values = ParameterValues(model: model)
    for (path, value) in items { try values.add(path, value) }
    let (entries, names) = try values.entries()
    state = try OptimizerState(entries, place: place, modelPlace: modelPlace)
    self.names = names
    hasOrder = values.listsParameters
  }
}

/// Sorts the values of an optimizer by their parameters and groups.
private struct ParameterValues {
  private let model: Set<TensorName>
  /// For each parameter with a state, in the order in which they come, its values.
  private var states = KeyedValues<OptimizerState.Key>()
  /// For each number of a group, its values.
  private var groups = KeyedValues<Int>()
  /// For each parameter with settings of its own, these.
  private var settings = KeyedValues<OptimizerState.Key>()
  private var others = NestedValues()
  /// `param_groups` as one value.
  private var list: OptimizerState.Value?

  private static let stepLimit = 64

  /// Whether every group has a list of its parameters.
  var listsParameters: Bool {
    list != nil || !groups.isEmpty && groups.all.allSatisfy { $0.values.has("params") }
  }

  init(model: Set<TensorName>) { self.model = model }

  mutating func add(_ path: String, _ value: OptimizerState.Value) throws(OptimizerState.Malformed) {
    let steps = path.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
    guard steps.count <= Self.stepLimit else {
      throw OptimizerState.Malformed(
        place: path, expected: "names of at most \(Self.stepLimit) steps", found: "\(steps.count)")
    }
    switch steps[0] {
    case "state" where steps.count > 1: try addState(Array(steps[1...]), value)
    case "param_groups":
      if steps.count == 1 { list = value } else { try addSetting(Array(steps[1...]), value) }
    // A moment beside its parameter.
    default:
      if let (parameter, rest) = parameter(in: steps) {
        try states[parameter].insert(rest, value)
      } else {
        try others.insert(steps, value)
      }
    }
  }

  private mutating func addState(
    _ steps: [String], _ value: OptimizerState.Value
  ) throws(OptimizerState.Malformed) {
    if let (parameter, rest) = parameter(in: steps) { return try states[parameter].insert(rest, value) }
    guard steps.count > 1, let number = Int(steps[0]), number >= 0 else {
      throw OptimizerState.Malformed(
        place: "state", expected: "state of parameters that are tensors of the model",
        found: TensorName(steps.joined(separator: ".")).quoted)
    }
    try states[.number(number)].insert(Array(steps[1...]), value)
  }

  private mutating func addSetting(
    _ steps: [String], _ value: OptimizerState.Value
  ) throws(OptimizerState.Malformed) {
    // A model may have a tensor named '0', but groups have numbers more often.
    if let (parameter, rest) = parameter(in: steps), parameter.text != steps[0] || Int(steps[0]) == nil {
      return try settings[parameter].insert(rest, value)
    }
    guard steps.count > 1, let number = Int(steps[0]), number >= 0 else {
      throw OptimizerState.Malformed(
        place: "param_groups", expected: "settings of a group, or of a tensor of the model",
        found: TensorName(steps.joined(separator: ".")).quoted)
    }
    try groups[number].insert(Array(steps[1...]), value)
  }

  /// The parameter that steps begin with, or end with, and the other steps; the longest name counts.
  private func parameter(in steps: [String]) -> (id: OptimizerState.Key, rest: [String])? {
    for count in stride(from: steps.count - 1, through: 1, by: -1) {
      let first = steps[..<count].joined(separator: ".")
      if model.contains(TensorName(first)) { return (.text(first), Array(steps[count...])) }
      let last = steps[(steps.count - count)...].joined(separator: ".")
      if model.contains(TensorName(last)) { return (.text(last), Array(steps[..<(steps.count - count)])) }
    }
    return nil
  }

  /// The entries of the state_dict, and the new name of each tensor.
  func entries() throws(OptimizerState.Malformed) -> (
    entries: [OptimizerState.Entry], names: [TensorName: TensorName]
  ) {
    if list != nil || !groups.isEmpty, !settings.isEmpty {
      throw OptimizerState.Malformed(
        place: "param_groups", expected: "groups, or settings of each parameter", found: "both")
    }
    let states = try states.entries()
    var entries = [
      OptimizerState.Entry(.text("state"), .dictionary(states)),
      OptimizerState.Entry(.text("param_groups"), try groupList(states.map(\.key))),
    ]
    entries += try others.entries("")
    var names: [TensorName: TensorName] = [:]
    let named = entries.map { $0.naming($0.key.text, &names) }
    return (named, names)
  }

  private func groupList(_ parameters: [OptimizerState.Key]) throws(OptimizerState.Malformed)
    -> OptimizerState.Value
  {
    if let list { return list }
    if !groups.isEmpty {
      let numbered = groups.all.sorted { $0.key < $1.key }
      return .list(
        try numbered.map { (_, group) throws(OptimizerState.Malformed) in
          var entries = try group.entries("param_groups")
          // Torch leaves an empty list out, and some trainers the list of all parameters.
          if !entries.contains(where: { $0.key == .text("params") }) {
            entries.append(
              OptimizerState.Entry(
                .text("params"), .list(numbered.count == 1 ? parameters.map(\.value) : [])))
          }
          return .dictionary(entries)
        })
    }
    // Parameters with the same settings are a group; those without any are one, too.
    var members: [[OptimizerState.Entry]: Int] = [:]
    var found: [(values: [OptimizerState.Entry], parameters: [OptimizerState.Key])] = []
    var known: Set<OptimizerState.Key> = []
    let all = try settings.all.map { (key, values) throws(OptimizerState.Malformed) in
      (key, try values.entries("param_groups"))
    }
    let bare = parameters.filter { !settings.has($0) }.map { ($0, [OptimizerState.Entry]()) }
    for (parameter, values) in all + bare where known.insert(parameter).inserted {
      let place = members[values] ?? found.count
      if place == found.count {
        members[values] = place
        found.append((values, []))
      }
      found[place].parameters.append(parameter)
    }
    return .list(
      found.map { values, parameters in
        .dictionary(values + [OptimizerState.Entry(.text("params"), .list(parameters.map(\.value)))])
      })
  }
}

extension OptimizerState.Key {
  fileprivate var value: OptimizerState.Value {
    switch self {
    case .number(let number): .integer(number)
    case .text(let text): .text(text)
    }
  }
}

extension OptimizerState.Entry {
  /// The entry with tensors that are named by their paths; `names` gets the new name of each.
  fileprivate func naming(_ path: String, _ names: inout [TensorName: TensorName]) -> Self {
    Self(key, value.naming(path, &names))
  }
}

extension OptimizerState.Value {
  fileprivate func naming(_ path: String, _ names: inout [TensorName: TensorName]) -> Self {
    switch self {
    case .tensor(let name):
      names[name] = TensorName(path)
      return .tensor(TensorName(path))
    case .list(let values):
      return .list(values.enumerated().map { $1.naming("\(path).\($0)", &names) })
    case .tuple(let values):
      return .tuple(values.enumerated().map { $1.naming("\(path).\($0)", &names) })
    case .dictionary(let entries):
      return .dictionary(entries.map { $0.naming("\(path).\($0.key.text)", &names) })
    case .none, .boolean, .integer, .real, .text: return self
    }
  }
}
