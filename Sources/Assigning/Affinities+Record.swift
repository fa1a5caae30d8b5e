package import StrictJSON
package import UnitModel

extension Affinities {
  /// The record that a plan keeps: `assignment` with the rule `learned`.
  package var provenance: Provenance {
    var members = JSONObject()
    members["method"] = .string(method.rawValue)
    if let data {
      members["data"] = .string(data.digest)
      members["samples"] = JSONValue(data.samples)
      members["seed"] = data.seed.map { JSONValue($0) }
    }
    if !losses.isEmpty {
      members["losses"] = JSONObject(losses.map { JSONMember(key: $0.task.text, value: .string($0.name)) })
        .map {
          .object($0)
        }
    }
    members["affinities"] = matrix.json
    if !axes.isEmpty {
      var own = JSONObject()
      for (axis, matrix) in axes { own[axis.text] = matrix.json }
      members["axes"] = .object(own)
    }
    return Provenance(rule: Self.rule, details: members)
  }

  /// The rule of learned assignments in a plan.
  package static let rule = "learned"

  /// The affinities that a plan has for its own tasks; nil if it has none, or those of other tasks.
  package init?(_ provenance: Provenance, of assignment: Assignment) {
    self.init(provenance)
    guard matrix.tasks == assignment.tasks.map(\.task),
      assignment.tasks.allSatisfy({ $0.order.allSatisfy { $0.index < matrix.values.first?.count ?? 0 } })
    else { return nil }
  }

  /// The affinities that a plan has; nil if it has none, or others than this version writes.
  package init?(_ provenance: Provenance) {
    let details = provenance.details
    guard provenance.rule == Self.rule, case .string(let name)? = details["method"],
      let method = LearningMethod(rawValue: name), let matrix = AffinityMatrix(details["affinities"])
    else { return nil }
    var data: Data?
    if case .string(let digest)? = details["data"], case .integer(let samples)? = details["samples"] {
      var seed: Int?
      if case .integer(let number)? = details["seed"] { seed = Int(number) }
      data = Data(digest: digest, samples: Int(samples), seed: seed)
    }
    var axes: [(axis: AxisName, matrix: AffinityMatrix)] = []
    if case .object(let own)? = details["axes"] {
      for member in own.members {
        guard let matrix = AffinityMatrix(member.value) else { return nil }
        axes.append((AxisName(member.key), matrix))
      }
    }
    self.init(method, matrix, axes: axes, data: data)
    if case .object(let known)? = details["losses"] {
      losses = known.members.compactMap { member in
        if case .string(let name) = member.value { (TaskID(member.key), name) } else { nil }
      }
    }
  }
}

extension AffinityMatrix {
  package var json: JSONValue {
    var object = JSONObject()
    object["tasks"] = .array(tasks.map { .string($0.text) })
    object["units"] = JSONValue(values.first?.count ?? 0)
    // JSON has no infinity: the loss of a network that cannot run.
    object["values"] = .array(
      values.map { .array($0.map { $0.isFinite ? .number($0) : .string("Infinity") }) })
    return .object(object)
  }

  init?(_ value: JSONValue?) {
    guard case .object(let object)? = value, case .array(let names)? = object["tasks"],
      case .array(let rows)? = object["values"], names.count == rows.count,
      case .integer(let units)? = object["units"]
    else { return nil }
    var tasks: [TaskID] = []
    var values: [[Double]] = []
    for (name, row) in zip(names, rows) {
      guard case .string(let name) = name, case .array(let numbers) = row, numbers.count == units else {
        return nil
      }
      var list: [Double] = []
      for number in numbers {
        switch number {
        case .number(let value): list.append(value)
        case .integer(let value): list.append(Double(value))
        case .string("Infinity"): list.append(.infinity)
        default: return nil
        }
      }
      tasks.append(TaskID(name))
      values.append(list)
    }
    self.init(tasks: tasks, values: values)
  }
}
