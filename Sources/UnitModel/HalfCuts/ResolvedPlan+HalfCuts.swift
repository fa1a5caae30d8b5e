internal import Tensors

extension ResolvedPlan {
  /// Tensors that, by names and sizes, have the channels of a cut tensor and are left whole or cut differently.
  ///
  /// This checks a module's biases and statistics, the norm after it, the inputs of the next module, and modules that
  /// are used side by side. If there is a graph, a check of the graph is better: names and sizes prove nothing. The
  /// time is linear in the number of tensors.
  package var halfCuts: [HalfCut] { weights.halfCutsOfWeights }

  private var halfCutsOfWeights: [HalfCut] {
    let search = HalfCutSearch(partition, moduleAxes: moduleAxes)
    let unread = search.unread.map { (axis: $0, site: $1, kind: HalfCut.Kind.unread) }
    let unmade = search.unmade.map { (axis: $0, site: $1, kind: HalfCut.Kind.unmade) }
    if search.order.isEmpty, search.singles.isEmpty, unread.isEmpty, unmade.isEmpty { return [] }
    let tensors = partition.tensors
    var users = ChannelUsers(self)
    var groups: [HalfCutGroup] = []
    var places: [HalfCutGroup.Key: Int] = [:]
    // A tensor has one entry, so all its dimensions are in one piece of advice.
    var sites: [Int: [TensorSite]] = [:]
    var modules: [(tensor: Int, module: Int)] = []
    for (site, module) in search.order {
      // Tensors of different units are not neighbours: some networks have only one of them.
      guard let candidate = search.found[site],
        tensors[candidate.cause.tensor].units == tensors[site.tensor].units,
        users.lackChannels(of: candidate.placement, for: tensors[site.tensor])
      else { continue }
      if sites[site.tensor] == nil { modules.append((site.tensor, module)) }
      sites[site.tensor, default: []].append(site)
    }
    for (tensor, module) in modules {
      let member = HalfCutGroup.Member(
        name: search.modules[module].pattern ?? tensors[tensor].spec.name.text, tensor: tensor,
        cuts: (sites[tensor] ?? []).compactMap { site in
          search.found[site].map { (site.dimension, $0) }
        })
      let group = HalfCutGroup(member, dimensions: tensors[tensor].dimensions)
      if let place = places[group.key] {
        groups[place].members.append(member)
      } else {
        places[group.key] = groups.count
        groups.append(group)
      }
    }
    let patterns = NumberPatterns(
      of: groups.filter { $0.members.count > 1 }.map { $0.members[0].name },
      in: tensors.filter { !$0.spec.shape.isEmpty }.map(\.spec.name.text)
        + search.modules.map { "\($0.name)\($0.separator)*" })
    let others = search.singles.filter {
      users.lackChannels(
        of: tensors[$0.cause.tensor].dimensions[$0.cause.dimension], for: tensors[$0.site.tensor])
    }
    var advised = Set(groups.flatMap { $0.members.flatMap { $0.cuts.flatMap(\.candidate.placement.axes) } })
      .union(others.flatMap { tensors[$0.cause.tensor].dimensions[$0.cause.dimension].axes })
    let lost = (unread + unmade).filter { axis, site, _ in
      users.lackChannels(of: tensors[site.tensor].dimensions[site.dimension], for: tensors[site.tensor])
        && advised.insert(axis).inserted
    }
    return groups.flatMap { $0.halfCuts(in: partition, patterns) }
      + SingleHalfCut.halfCuts(others, in: partition)
      + lost.map { axis, site, kind in
        let spec = tensors[site.tensor].spec
        return HalfCut(
          tensors: [], dimensions: [], cut: spec.name, cutDimension: site.dimension,
          extent: spec.shape[site.dimension], option: axis.text, kind: kind)
      }
  }
}
