public import StrictJSON
internal import Tensors

extension Plan {
  /// The plan's document. Keys are in a fixed order and defaults are left out, so equal plans have equal bytes.
  public var json: JSONValue {
    var object = JSONObject()
    object["format"] = .string(Plan.format)
    object["description"] = summary.map { .string($0) }
    object["units"] = JSONValue(unitCount)
    if !axes.isEmpty {
      var members = JSONObject()
      for axis in axes { members[axis.name.text] = axis.json }
      object["axes"] = .object(members)
    }
    if !tensors.isEmpty { object["tensors"] = .array(tensors.map(\.json)) }
    if !tasks.isEmpty { object["tasks"] = .array(tasks.map(\.json)) }
    if let provenance {
      let members = [JSONMember(key: "rule", value: .string(provenance.rule))]
      // Parsed details have no "rule"; a "rule" that a caller added is dropped.
      let details = provenance.details.members.filter { $0.key != "rule" }
      object["assignment"] = JSONObject(members + details).map { .object($0) }
    }
    object["policy"] = policy.map { .string($0) }
    return .object(object)
  }

  /// The document as text, with a newline at its end.
  ///
  /// Throws `PlanError.json` if the provenance has a number that JSON cannot express.
  public func text() throws(PlanError) -> String {
    do {
      return try JSONWriter.text(json, layout: .pretty)
    } catch {
      throw .json(error)
    }
  }
}

private func list(_ units: [UnitID]) -> JSONValue { .array(units.map { JSONValue($0.index) }) }

private func list(_ numbers: [Int]) -> JSONValue { .array(numbers.map { JSONValue($0) }) }

extension PlanAxis {
  fileprivate var json: JSONValue {
    var object = JSONObject()
    object["size"] = size.map { JSONValue($0) }
    switch cut {
    case .equal: break
    case .sizes(let sizes): object["units"] = list(sizes)
    case .channels(let channels): object["units"] = .array(channels.map { list($0.channels) })
    }
    if !common.isEmpty { object["common"] = list(common.channels) }
    if granule != 1 { object["granule"] = JSONValue(granule) }
    if isOfModules { object["modules"] = true }
    return .object(object)
  }
}

extension NameSelector {
  fileprivate func write(to object: inout JSONObject) {
    switch self {
    case .match(let pattern): object["match"] = .string(pattern.text)
    case .name(let name): object["name"] = .string(name.text)
    }
  }
}

extension PlanTensor {
  fileprivate var json: JSONValue {
    var object = JSONObject()
    selector.write(to: &object)
    object["dtype"] = dtype.map { .string($0.rawValue) }
    object["shape"] = shape.map(list)
    if !dimensions.isEmpty { object["axes"] = .array(dimensions.map(\.json)) }
    if !units.isEmpty { object["units"] = list(units.ascending) }
    if !channelOf.isEmpty {
      let names = channelOf.map { JSONValue.string($0.text) }
      object["channel_of"] = names.count == 1 ? names[0] : .array(names)
    }
    if let owners {
      var members = JSONObject()
      members["map"] = .string(owners.map.text)
      members["elements"] = list(owners.elements)
      object["owners"] = .object(members)
    }
    object["mask"] = mask.map { .string($0.text) }
    if featureOrder != .ascending { object["feature_order"] = .string(featureOrder.rawValue) }
    return .object(object)
  }
}

extension DimensionPlacement {
  /// The dimension as plans and checkpoints write it.
  package var json: JSONValue {
    switch self {
    case .whole: return .null
    case .axis(let use): return use.json
    case .compact(let use):
      var object = use.object
      object["compact"] = true
      return .object(object)
    case .concat(let parts):
      let values = parts.map { part -> JSONValue in
        switch part {
        case .axis(let use): return use.json
        case .uncut(let size):
          var object = JSONObject()
          object["size"] = JSONValue(size)
          return .object(object)
        }
      }
      var object = JSONObject()
      object["concat"] = .array(values)
      return .object(object)
    }
  }
}

extension AxisUse {
  fileprivate var json: JSONValue { inner == 1 && outer == 1 ? .string(axis.text) : .object(object) }

  fileprivate var object: JSONObject {
    var object = JSONObject()
    object["axis"] = .string(axis.text)
    if inner != 1 { object["inner"] = JSONValue(inner) }
    if outer != 1 { object["outer"] = JSONValue(outer) }
    return object
  }
}

extension PlanTask {
  fileprivate var json: JSONValue {
    var object = JSONObject()
    object["name"] = .string(task.text)
    object["order"] = order.map(list)
    object["levels"] = levels.map { levels in
      let named = zip(levelNames, levels).map { JSONMember(key: $0, value: $1.json) }
      return named.count == levels.count
        ? JSONObject(named).map { .object($0) } ?? .null : .array(levels.map(\.json))
    }
    if !axes.isEmpty {
      var members = JSONObject()
      for own in axes {
        var axis = JSONObject()
        axis["order"] = own.order.map(list)
        axis["levels"] = own.levels.map { .array($0.map(\.json)) }
        members[own.axis.text] = .object(axis)
      }
      object["axes"] = .object(members)
    }
    if !privateTensors.isEmpty { object["private"] = .array(privateTensors.map(\.json)) }
    if !privatePerLevel.isEmpty {
      var members = JSONObject()
      for level in privatePerLevel { members["\(level.level)"] = .array(level.items.map(\.json)) }
      object["private_per_level"] = .object(members)
    }
    object["norm"] = norm.map { .string($0.rawValue) }
    return .object(object)
  }
}

extension PlanLevel {
  fileprivate var json: JSONValue {
    switch self {
    case .count(let count): JSONValue(count)
    case .units(let units): list(units)
    }
  }
}

extension PlanPrivate {
  fileprivate var json: JSONValue {
    if alias == nil, case .match(let pattern) = selector { return .string(pattern.text) }
    var object = JSONObject()
    selector.write(to: &object)
    object["as"] = alias.map { .string($0.text) }
    return .object(object)
  }
}
