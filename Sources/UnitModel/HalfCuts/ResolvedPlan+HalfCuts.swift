internal import Tensors

extension ResolvedPlan {
  /// Tensors that hold the channels of a cut one, by names and sizes, and are left whole.
  ///
  /// A module's biases and statistics, the norm after it, what the next module reads, and modules that are used side by
  /// side. Only where no graph decides: names and sizes prove nothing. The cost is linear in the number of tensors.
  package var halfCuts: [HalfCut] {
    let search = HalfCutSearch(partition)
    let unread = search.unread
    if search.order.isEmpty, unread.isEmpty { return [] }
    let tensors = partition.tensors
    var users = ChannelUsers(self)
    var groups: [HalfCutGroup] = []
    var places: [HalfCutGroup.Key: Int] = [:]
    for (site, module) in search.order {
      guard let candidate = search.found[site],
        users.lackChannels(of: candidate.placement, for: tensors[site.tensor])
      else { continue }
      let spec = tensors[site.tensor].spec
      let member = HalfCutGroup.Member(
        name: search.modules[module].pattern ?? spec.name.text, site: site, candidate: candidate)
      let group = HalfCutGroup(member, dimensions: tensors[site.tensor].dimensions)
      if let place = places[group.key] {
        groups[place].members.append(member)
      } else {
        places[group.key] = groups.count
        groups.append(group)
      }
    }
    var counts: [String: Int] = [:]
    for tensor in tensors where !tensor.spec.shape.isEmpty {
      counts[HalfCutGroup.numberless(tensor.spec.name.text).text, default: 0] += 1
    }
    for module in search.modules {
      guard let pattern = module.pattern else { continue }
      counts[HalfCutGroup.numberless(pattern).text, default: 0] += 1
    }
    let advised = Set(groups.flatMap { $0.members.flatMap(\.candidate.placement.axes) })
    let lost = unread.filter { axis, site in
      !advised.contains(axis)
        && users.lackChannels(of: tensors[site.tensor].dimensions[site.dimension], for: tensors[site.tensor])
    }
    return groups.flatMap { $0.halfCuts(in: partition, counts) }
      + lost.map { axis, site in
        let spec = tensors[site.tensor].spec
        return HalfCut(
          tensors: [], dimension: 0, cut: spec.name, cutDimension: site.dimension,
          extent: spec.shape[site.dimension], option: axis.text, isPartlyCut: false)
      }
  }
}

extension ModuleEntry {
  /// The names of a norm's tensors, which are all cut alike; nil for other modules.
  fileprivate var pattern: String? { weights.isEmpty && hasStatistics ? "\(name)\(separator)*" : nil }
}

/// Which sub-networks have fewer channels than an axis; asked for a few axes, and for tensors of some users.
private struct ChannelUsers {
  private let plan: ResolvedPlan
  private let axes: [AxisName: ChannelAxis]
  private var lacking: [AxisName: Bool] = [:]

  init(_ plan: ResolvedPlan) {
    self.plan = plan
    axes = Dictionary(plan.partition.axes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Whether some sub-network with the tensor lacks channels of the placement's axes; true where there are no tasks.
  mutating func lackChannels(of placement: DimensionPlacement, for tensor: TensorPlacement) -> Bool {
    let assignment = plan.assignment
    if assignment.tasks.isEmpty { return true }
    let axes = placement.axes.compactMap { self.axes[$0] }
    func lacks(_ network: VirtualNetwork, _ axis: ChannelAxis) -> Bool {
      network.activeChannelCount(of: axis) < axis.size
    }
    guard tensor.scope.isPrivate else {
      return axes.contains { axis in
        if let known = lacking[axis.name] { return known }
        let found = assignment.tasks.contains { task in
          task.numberedLevels.contains { level in
            (try? assignment.network(task: task.task, level: level.number)).map { lacks($0, axis) } ?? false
          }
        }
        lacking[axis.name] = found
        return found
      }
    }
    return tensor.scope.users.contains { user in
      let levels = user.level.map { [$0] } ?? assignment.task(user.task)?.numberedLevels.map(\.number) ?? []
      return levels.contains { level in
        (try? assignment.network(task: user.task, level: level)).map { network in
          axes.contains { lacks(network, $0) }
        } ?? false
      }
    }
  }
}

/// Half cuts that one option would mend.
private struct HalfCutGroup {
  struct Key: Hashable {
    let pattern: String
    let placement: DimensionPlacement
    let dimensions: [DimensionPlacement]
    let dimension: Int
  }

  struct Member {
    /// The tensor's name, or the pattern of its norm.
    let name: String
    let site: TensorSite
    let candidate: HalfCutSearch.Candidate
  }

  let key: Key
  /// How the tensor of the first member lies on the axes.
  let dimensions: [DimensionPlacement]
  var members: [Member]

  init(_ member: Member, dimensions: [DimensionPlacement]) {
    let (pattern, number) = Self.numberless(member.name)
    key = Key(
      pattern: pattern, placement: Self.numberless(member.candidate.placement, number),
      dimensions: dimensions.map { Self.numberless($0, number) }, dimension: member.site.dimension)
    self.dimensions = dimensions
    members = [member]
  }

  /// A name with the one component that is a number as `{}`, and that number; unchanged where there are several.
  static func numberless(_ name: String) -> (text: String, number: Substring?) {
    let components = name.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "." || $0 == "/" })
    let numbers = components.filter { !$0.isEmpty && $0.allSatisfy { $0.isASCII && $0.isNumber } }
    guard numbers.count == 1, let number = numbers.first else { return (name, nil) }
    return (name[..<number.startIndex] + "{}" + name[number.endIndex...], number)
  }

  /// A placement with `{}` where its axis ends with the number.
  private static func numberless(
    _ placement: DimensionPlacement, _ number: Substring?
  ) -> DimensionPlacement {
    guard let number, case .axis(let use) = placement, use.axis.text.hasSuffix(number),
      use.axis.text.dropLast(number.count).last?.isNumber != true
    else { return placement }
    return .axis(
      AxisUse(AxisName(use.axis.text.dropLast(number.count) + "{}"), inner: use.inner, outer: use.outer))
  }

  /// One warning for all where their pattern means nothing else; else one for each name.
  func halfCuts(in partition: Partition, _ counts: [String: Int]) -> [HalfCut] {
    let names = Set(members.map(\.name))
    if names.count > 1, counts[key.pattern] == names.count {
      var dimensions = key.dimensions
      dimensions[key.dimension] = key.placement
      return [halfCut(members, "\(key.pattern)=\(Self.notation(dimensions))", partition)]
    }
    var groups: [String: [Member]] = [:]
    for member in members { groups[member.name, default: []].append(member) }
    return members.compactMap { member in
      guard let group = groups.removeValue(forKey: member.name) else { return nil }
      var dimensions = partition.tensors[member.site.tensor].dimensions
      dimensions[key.dimension] = member.candidate.placement
      return halfCut(group, "\(member.name)=\(Self.notation(dimensions))", partition)
    }
  }

  private static func notation(_ dimensions: [DimensionPlacement]) -> String {
    dimensions.map(\.notation).joined(separator: ",")
  }

  private func halfCut(_ members: [Member], _ option: String, _ partition: Partition) -> HalfCut {
    let cause = members.first.map(\.candidate.cause) ?? TensorSite(tensor: 0, dimension: 0)
    let spec = partition.tensors[cause.tensor].spec
    return HalfCut(
      tensors: members.map { partition.tensors[$0.site.tensor].spec.name }, dimension: key.dimension,
      cut: spec.name, cutDimension: cause.dimension, extent: spec.shape[cause.dimension], option: option,
      isPartlyCut: dimensions.contains { $0 != .whole })
  }
}
