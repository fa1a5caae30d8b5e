internal import TensorStreams
internal import Tensors
internal import UnitModel

extension PlanRequest {
  /// Whether channels are sorted before they are divided among units.
  var sorts: Bool { sortsByImportance || !rankings.isEmpty }

  /// The order of channels on each axis that has one; nil if the request has none.
  ///
  /// - Parameters:
  ///   - words: gets sentences for the user.
  ///   - side: what a tensor does with the channels on a dimension; nil if nothing is known.
  func orders(
    _ plan: Plan, _ resolved: ResolvedPlan, _ weights: (any TensorSource)?, _ words: inout [String],
    side: (TensorPlacement, _ dimension: Int) -> ChannelSide?
  ) throws -> ChannelOrders? {
    guard sorts else { return nil }
    var orders = ChannelOrders()
    for ranking in rankings.reversed() {
      try orders.add(ranking, plan, resolved.partition.axes)
      let missing = try ranking.missing(among: resolved.partition.axes, plan.axes.map(\.name.text))
      if let first = missing.first {
        words.append(
          "\(ranking.path) has no list for axis \(first.quoted)"
            + (missing.count > 1 ? " and \(missing.count - 1) more" : "") + ": its channels keep their order")
      }
    }
    guard sortsByImportance, let weights else { return orders }
    let importance = try ChannelImportance(resolved, hasSamples: activations != nil, weights, side: side)
    var unsorted: [AxisName] = []
    for axis in resolved.partition.axes where orders.orders[axis.name] == nil && !axis.isWhole {
      if let scores = importance.scores(of: axis.name) {
        orders.add(axis, scores: scores)
      } else {
        unsorted.append(axis.name)
      }
    }
    if let first = unsorted.first {
      words.append(
        "not sorted by importance, because no weights make or read its channels: axis \(first.quoted)"
          + (unsorted.count > 1 ? " and \(unsorted.count - 1) more" : ""))
    }
    return orders
  }
}

extension PresetRules {
  /// What the tensors of a plan do with channels: those of an architecture as its document says; others make channels
  /// on dimension 0, or on the outputs of a kernel, and read them on the others.
  func side(_ plan: Plan) -> (TensorPlacement, Int) -> ChannelSide? {
    let known = Set(tensors.map(\.selector.text))
    return { tensor, dimension in
      // The entry that cuts a tensor is the first that matches it.
      let entry = plan.tensors.first { $0.selector.matches(tensor.spec.name) }?.selector.text
      if let entry, self.neutral.contains(entry) { return nil }
      let output = tensor.spec.kernelOutput
      let makes =
        if let entry, known.contains(entry) {
          // A kernel between two groups reads the channels of one and makes those of the other.
          !self.readers.contains(entry) || dimension == output
        } else { dimension == output ?? 0 }
      return makes ? .makes : .reads(means: nil)
    }
  }
}
