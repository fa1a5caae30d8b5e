internal import FlatFormats
internal import TensorStreams
internal import Tensors
package import UnitModel

extension Plan {
  /// The plan with entries for the state of an optimizer, so that moments are cut like their parameters.
  ///
  /// For each entry, and each moment of the parameters that it is for, there is a copy for
  /// `optimizer.state.<pattern>.<moment>`; the same for private tensors and their names in a task. Copies come first.
  /// Moments of other shapes stay whole.
  package func adding(_ trained: TrainedWeights) throws -> Plan {
    // This limits the work of applying patterns, so the search below is limited too.
    _ = try place(trained.weights.tensors.map(\.spec), ties: trained.weights.ties)
    let moments = MomentTable(trained)
    var plan = self
    plan.tensors = try moments.copies(of: tensors, path: trained.path) + tensors
    for task in plan.tasks.indices {
      plan.tasks[task].privateTensors =
        try moments.copies(of: tasks[task].privateTensors, path: trained.path) + tasks[task].privateTensors
      for level in plan.tasks[task].privatePerLevel.indices {
        let items = tasks[task].privatePerLevel[level].items
        plan.tasks[task].privatePerLevel[level].items =
          try moments.copies(of: items, path: trained.path) + items
      }
    }
    return plan
  }
}

/// The moments of each parameter, by the last part of their names.
private struct MomentTable {
  private struct Moment {
    let name: TensorName
    /// The name after that of the parameter.
    let suffix: String
    /// Whether it has the parameter's shape.
    let isOwn: Bool
  }

  private let parameters: [(spec: TensorSpec, moments: [Moment])]
  private let hasSettings: Bool

  init(_ trained: TrainedWeights) {
    let specs = Dictionary(
      trained.tensors.map { ($0.spec.name, $0.spec) }, uniquingKeysWith: { first, _ in first })
    parameters = trained.optimizer.state.parameters.compactMap { parameter in
      guard let name = parameter.name, let spec = specs[name] else { return nil }
      let prefix = OptimizerNames.statePrefix + name.text + "."
      let moments = parameter.tensors.compactMap { tensor in
        specs[tensor].map { own in
          Moment(
            name: tensor,
            suffix: String(decoding: tensor.text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self),
            isOwn: OptimizerNames.isOwn(own, of: spec))
        }
      }
      return (spec, moments)
    }
    hasSettings = !trained.optimizer.state.settingTensors.isEmpty
  }

  /// The moments of some parameters by their suffixes, in the order of their first use.
  private func bySuffix(_ places: [Int]) -> [(suffix: String, moments: [Moment])] {
    var order: [(suffix: String, moments: [Moment])] = []
    var known: [TensorName: Int] = [:]
    for moment in places.flatMap({ parameters[$0].moments }) {
      let key = TensorName(moment.suffix)
      if let place = known[key] {
        order[place].moments.append(moment)
      } else {
        known[key] = order.count
        order.append((moment.suffix, [moment]))
      }
    }
    return order
  }

  func copies(of entries: [PlanTensor], path: String) throws(ConversionError) -> [PlanTensor] {
    if entries.isEmpty { return [] }
    var members = [[Int]](repeating: [], count: entries.count)
    var isRest = hasSettings
    for (place, parameter) in parameters.enumerated() {
      let entry = entries.firstIndex { entry in
        // As when the plan is applied: a pattern with cuts is not for scalars.
        let isSkipped =
          !entry.dimensions.isEmpty && parameter.spec.shape.isEmpty && !entry.selector.isOfOneName
        return !isSkipped && entry.selector.matches(parameter.spec.name)
      }
      if let entry { members[entry].append(place) } else if !parameter.moments.isEmpty { isRest = true }
    }
    let hasUnits = entries.contains { !$0.units.isEmpty || !$0.channelOf.isEmpty }
    var first: [PlanTensor] = []
    var copies: [PlanTensor] = []
    for (entry, places) in zip(entries, members) {
      for (suffix, moments) in bySuffix(places) {
        let others = moments.filter { !$0.isOwn }
        if others.count == moments.count {
          if hasUnits { copies.append(try whole(entry, suffix, path)) } else { isRest = true }
          continue
        }
        for other in others {
          guard entry.channelOf.isEmpty else {
            throw .optimizer(
              path: path, expected: "\(suffix) of one kind of shape where tensors are channels of an axis",
              found: "\(other.name.quoted) of another")
          }
          first.append(PlanTensor(selector: .name(other.name), units: entry.units))
        }
        var copy = entry
        copy.selector = try selector(entry.selector, suffix, path)
        (copy.dtype, copy.shape) = (nil, nil)
        copies.append(copy)
      }
    }
    // No other pattern of the plan gets what is left.
    if isRest, let rest = NamePattern(OptimizerNames.prefix + "*") {
      copies.append(PlanTensor(selector: .match(rest)))
    }
    return first + copies
  }

  /// The entry for moments that are not cut and belong to the parameter's unit.
  private func whole(_ entry: PlanTensor, _ suffix: String, _ path: String) throws(ConversionError)
    -> PlanTensor
  {
    PlanTensor(
      selector: try selector(entry.selector, suffix, path), units: entry.units, channelOf: entry.channelOf)
  }

  func copies(of items: [PlanPrivate], path: String) throws(ConversionError) -> [PlanPrivate] {
    var copies: [PlanPrivate] = []
    for item in items {
      let places = parameters.indices.filter { item.selector.matches(parameters[$0].spec.name) }
      for (suffix, _) in bySuffix(places) {
        copies.append(
          PlanPrivate(
            selector: try selector(item.selector, suffix, path),
            alias: try item.alias.map { (alias) throws(ConversionError) in
              try pattern(alias.text, suffix, path)
            }))
      }
    }
    return copies
  }

  private func selector(
    _ selector: NameSelector, _ suffix: String, _ path: String
  ) throws(ConversionError) -> NameSelector {
    switch selector {
    case .match(let pattern): .match(try self.pattern(pattern.text, suffix, path))
    case .name(let name): .name(TensorName("\(OptimizerNames.statePrefix)\(name.text).\(suffix)"))
    }
  }

  private func pattern(_ text: String, _ suffix: String, _ path: String) throws(ConversionError)
    -> NamePattern
  {
    guard let plain = NamePattern(suffix), plain.isLiteral,
      let pattern = NamePattern("\(OptimizerNames.statePrefix)\(text).\(suffix)")
    else {
      throw .optimizer(
        path: path, expected: "moments with names of ordinary length, without '*' and '{}'",
        found: TensorName(suffix).quoted)
    }
    return pattern
  }
}

extension NameSelector {
  /// Whether it selects one name, not a pattern's.
  fileprivate var isOfOneName: Bool {
    switch self {
    case .match(let pattern): pattern.isLiteral
    case .name: true
    }
  }
}
