public import Tensors

extension Plan {
  /// Applies the plan to the tensors of a file.
  ///
  /// `ties` gives the original of each tied name. A tied tensor that no entry matches gets the cut and the scope of the
  /// others. The result's tensors are in the order of `specs`. Throws the first `PlanError` found.
  public func resolve(
    against specs: [TensorSpec], ties: [TensorName: TensorName] = [:]
  ) throws(PlanError) -> ResolvedPlan {
    let resolved = try place(specs, ties: ties)
    try resolved.assignment.check(resolved.partition)
    return resolved
  }

  /// The result of `resolve` before assignment and partition are compared (`Assignment.check`).
  package func place(
    _ specs: [TensorSpec], ties: [TensorName: TensorName] = [:]
  ) throws(PlanError) -> ResolvedPlan {
    let filled = try self.filled()
    let names = NameTable(specs: specs, ties: ties)
    if let twice = names.twice { throw .nameTwice(place: "tensors", name: twice.text) }

    var work = PlanWork()
    let entries = try matchEntries(names, work: &work)
    var axes = AxisInstances(plan: self)
    var dimensions: [[DimensionPlacement]] = []
    var channels: [[TensorChannel]] = []
    dimensions.reserveCapacity(specs.count)
    channels.reserveCapacity(specs.count)
    for (index, spec) in specs.enumerated() {
      guard let match = entries.matches[index] else {
        dimensions.append([])
        channels.append([])
        continue
      }
      try check(tensors[match.entry], of: spec)
      dimensions.append(try axes.use(match, by: spec, work: &work))
      channels.append(try axes.channels(match, of: spec, work: &work))
    }
    let made = try axes.make(work: &work)
    let assigned = try assignment(filled, axes: made.axes, work: &work)
    let scopes = try matchScopes(names, tasks: filled.tasks, assignment: assigned, work: &work)

    let owners = try ChannelOwners(channels, axes: made.axes, assigned)
    var cutter = try DimensionCutter(axes: made.axes)
    var placements: [TensorPlacement] = []
    placements.reserveCapacity(specs.count)
    for (index, spec) in specs.enumerated() {
      let entry = entries.matches[index].map { tensors[$0.entry] }
      placements.append(
        try TensorPlacement(
          spec: spec, scope: scopes[index] ?? .shared, dimensions: dimensions[index],
          units: try owners.units(of: channels[index], spec, and: entry?.units ?? UnitSet()),
          owners: entry?.owners,
          mask: try entry.flatMap { (entry) throws(PlanError) in try mask(entry, entries.matches[index]) },
          featureOrder: entry?.featureOrder ?? .ascending, cutter: &cutter))
    }
    try checkMasks(entries.matches, placements, names, work: &work)
    let partition = try Partition(unitCount: unitCount, axes: made.axes, tensors: placements, ties: ties)
    return ResolvedPlan(
      partition: partition, assignment: assigned, notes: entries.notes + made.notes,
      moduleAxes: owners.usedAxes.union(axes.modules))
  }

  /// The name of a tensor's mask, with its wildcards filled in.
  private func mask(_ entry: PlanTensor, _ match: EntryMatch?) throws(PlanError) -> TensorName? {
    guard let pattern = entry.mask else { return nil }
    guard let name = pattern.filled(with: match?.captures ?? NamePattern.Captures()) else {
      throw .badPattern(
        place: "tensors", pattern: pattern.text,
        expected: "at most as many wildcards as \(entry.selector.text) has"
      )
    }
    return TensorName(name)
  }

  /// Checks that every entry with a mask gives a mask to at least one tensor; other entries are probably typing errors.
  private func checkMasks(
    _ matches: [EntryMatch?], _ placements: [TensorPlacement], _ names: NameTable, work: inout PlanWork
  ) throws(PlanError) {
    var open = tensors.indices.filter { tensors[$0].mask != nil }
    if open.isEmpty { return }
    let masks = TaskMasks(placements)
    work.place = "tensors"
    try work.add(masks.pairCount * PlanWork.user)
    for place in masks.masked { open.removeAll { $0 == matches[place]?.entry } }
    for (place, match) in matches.enumerated() {
      guard let entry = match?.entry, open.contains(entry), let mask = placements[place].mask else {
        continue
      }
      throw .matchesNothing(
        place: "tensors[\(entry)].mask", pattern: mask.text,
        nearest: nearestName(to: mask.text, among: names.specs.lazy.map(\.name.text)))
    }
  }

  /// Checks that the tensor has the shape and dtype that its entry gives.
  private func check(_ entry: PlanTensor, of spec: TensorSpec) throws(PlanError) {
    if let dtype = entry.dtype, dtype != spec.dtype {
      throw .specDisagrees(
        tensor: spec.name, what: "dtype", expected: dtype.rawValue, found: spec.dtype.rawValue)
    }
    if let shape = entry.shape, shape != spec.shape {
      throw .specDisagrees(tensor: spec.name, what: "shape", expected: "\(shape)", found: "\(spec.shape)")
    }
  }

  /// The tensors that the plan itself describes with dtype and shape, in the plan's order.
  ///
  /// Throws `PlanError.outOfRange` for a shape whose size overflows or ends inside a byte.
  public var describedTensors: [TensorSpec] {
    get throws(PlanError) {
      var specs: [TensorSpec] = []
      for (index, tensor) in tensors.enumerated() {
        guard case .name(let name) = tensor.selector, let dtype = tensor.dtype, let shape = tensor.shape
        else {
          continue
        }
        do {
          specs.append(try TensorSpec(name: name, dtype: dtype, shape: shape))
        } catch {
          throw .outOfRange(
            place: "tensors[\(index)].shape",
            expected: "a shape whose size fits 63 bits and ends at a whole byte",
            found: "\(shape)")
        }
      }
      return specs
    }
  }
}
