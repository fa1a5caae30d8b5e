internal import Tensors
internal import UnitModel

extension PlanRequest {
  /// Sentences about what the plan cuts, what it leaves whole, and why.
  ///
  /// - Parameters:
  ///   - namesRule: whether to name the rule after each order of units.
  ///   - isFromGraph: whether the cuts come from a graph, not from options or a preset.
  ///   - place: converts a place in the plan into a place that the user knows.
  func words(
    about resolved: ResolvedPlan, namesRule: Bool = true, isFromGraph: Bool = false,
    place: (String) -> String = { $0 }
  ) -> [String] {
    axisWords(resolved.partition) + tensorWords(resolved.partition, isFromGraph)
      + resolved.notes.map { "\($0.placed(by: place))" } + taskWords(resolved.assignment, namesRule)
  }

  /// One sentence for all axes that differ only in the numbers of their names.
  private func axisWords(_ partition: Partition) -> [String] {
    struct Kind: Hashable {
      let name: String
      let size: Int
      let granule: Int
      let units: [Int]
      let common: Int
      let isContiguous: Bool
    }
    var order: [Kind] = []
    var names: [Kind: [String]] = [:]
    for axis in partition.axes where !axis.isWhole {
      let kind = Kind(
        name: String(axis.name.text.filter { !$0.isNumber }), size: axis.size, granule: axis.granule,
        units: axis.units.map(\.count), common: axis.common.count,
        isContiguous: axis.units.allSatisfy { $0.ranges.count <= 1 })
      if names[kind] == nil { order.append(kind) }
      names[kind, default: []].append(axis.name.text)
    }
    return order.map { kind in
      let members = names[kind] ?? []
      let subject =
        members.count == 1
        ? "axis '\(members[0])'" : "\(members.count) axes '\(members[0])' … '\(members[members.count - 1])'"
      let sizes =
        Set(kind.units).count == 1
        ? "\(kind.units.count) × \(kind.units[0])" : kind.units.map(String.init).joined(separator: " + ")
      return "cut \(subject): \(kind.size) channels = \(sizes)"
        + (kind.common > 0 ? " + \(kind.common) common" : "")
        + (kind.granule > 1 ? ", in granules of \(kind.granule)" : "")
        + (kind.isContiguous ? "" : ", scattered")
    }
  }

  private func tensorWords(_ partition: Partition, _ isFromGraph: Bool) -> [String] {
    var cut = 0
    var privateCount = 0
    var cutElements = 0.0
    var elements = 0.0
    var owned: [ElementOwners] = []
    let applied = Set(partition.tensors.compactMap { $0.owners?.map })
    let masks = TaskMasks(partition.tensors)
    let masked = Set(masks.masked.map { partition.tensors[$0].spec.name })
    var whole: [(name: TensorName, count: Int)] = []
    for tensor in partition.tensors {
      elements += Double(tensor.spec.elementCount)
      if !tensor.scope.users.isEmpty { privateCount += 1 }
      if let owners = tensor.owners { owned.append(owners) }
      if applied.contains(tensor.spec.name) { continue }
      if tensor.isWhole && tensor.units.isEmpty {
        if !tensor.scope.users.isEmpty || masked.contains(tensor.spec.name) { continue }
        whole.append((tensor.spec.name, tensor.spec.elementCount))
      } else {
        cut += 1
        cutElements += Double(tensor.spec.elementCount)
      }
    }
    let hasAxes = !partition.axes.isEmpty || (owned.isEmpty && masked.isEmpty)
    // Rounded down, because "100.0 %" must mean every element.
    let share = elements > 0 ? (cutElements / elements * 1000).rounded(.down) / 10 : 0
    var words = [
      "\(cut) of \(partition.tensors.count) tensors \(cut == 1 ? "is" : "are") cut, with \(share) % of the elements"
    ]
    if !owned.isEmpty {
      let counts = (0...partition.unitCount).map { place in
        owned.reduce(0) { $0 + ($1.elements.indices.contains(place) ? $1.elements[place] : 0) }
      }
      words.append(
        "\(owned.count) of them element by element, by their owner maps: "
          + Self.shortened(counts.dropFirst().map { "\($0.grouped)" })
          + " elements, unit by unit; \(counts[0].grouped) of no unit"
          + (applied.count == 1 ? "; 1 owner map" : "; \(applied.count) owner maps"))
    }
    if !masked.isEmpty {
      let count = Set(masks.masked.flatMap(masks.masks(of:))).count
      words.append(
        (masked.count == 1 ? "1 tensor is" : "\(masked.count) tensors are") + " left whole and common, with "
          + (count == 1 ? "1 mask, which removes" : "\(count) masks, which remove") + " elements")
    }
    if !whole.isEmpty {
      let largest = whole.sorted { ($1.count, $0.name) < ($0.count, $1.name) }.prefix(3)
      let shown = largest.map { "\($0.name.quoted) (\($0.count.grouped))" }.joined(separator: ", ")
      let isOne = whole.count == 1
      let them = isOne ? "it" : "them"
      let reason =
        isFromGraph
        ? "the graph connects no cut axis to \(them)"
        : hasAxes
          ? "no cut matches \(them), or \(isOne ? "its" : "their") axis is not cut" : "no rule names \(them)"
      words.append(
        "\(whole.count) \(isOne ? "tensor is" : "tensors are") left whole and common, because \(reason); "
          + "the largest: \(shown)"
      )
    }
    if privateCount > 0 {
      words.append(
        "\(privateCount) \(privateCount == 1 ? "tensor belongs" : "tensors belong") to single tasks or levels"
      )
    }
    return words
  }

  private func taskWords(_ assignment: Assignment, _ namesRule: Bool) -> [String] {
    var kinds: [String] = []
    var tasks: [String: [String]] = [:]
    for task in assignment.tasks {
      let order = Self.shortened(task.order.map(\.description))
      // The number of units describes a level that takes the first units of the order; for other levels the units are
      // listed.
      let arePrefixes = task.levels.allSatisfy { $0 == UnitSet(task.order.prefix($0.count)) }
      let levels = Self.shortened(
        zip(task.numberedLevels, task.levels).map { level, units -> String in
          let name = task.name(of: level.number).map { " (\(TensorName($0).escaped))" } ?? ""
          if arePrefixes { return "\(units.count)\(name)" }
          return "[" + Self.shortened(units.ascending.map(\.description)) + "]" + name
        })
      let units = task.order.count == 1 ? "unit \(order)" : "units \(order)"
      // `#` is replaced by "its" or "their".
      let used = arePrefixes ? "\(levels) of them" : "units \(levels)"
      let use =
        task.order.count == 1 && arePrefixes
        ? "" : task.levels.count == 1 ? "; # only level uses \(used)" : "; # levels use \(used)"
      let kind = "\(units)\(namesRule ? " (\(rule.rawValue))" : "")\(use)"
      if tasks[kind] == nil { kinds.append(kind) }
      tasks[kind, default: []].append(task.task.quoted)
    }
    return kinds.map { kind in
      let names = tasks[kind] ?? []
      let more = names.count > 4 ? " and \(names.count - 3) more" : ""
      let list = names.prefix(names.count > 4 ? 3 : 4).joined(separator: ", ") + more
      return names.count == 1
        ? "task \(list) takes " + kind.replacing("#", with: "its")
        : "tasks \(list) take " + kind.replacing("#", with: "their")
    }
  }

  /// Up to 12 numbers in full; of a longer list, the first four and the last.
  static func shortened(_ numbers: [String]) -> String {
    guard numbers.count > 12, let last = numbers.last else { return numbers.joined(separator: ", ") }
    return numbers.prefix(4).joined(separator: ", ") + ", …, " + last
  }
}
