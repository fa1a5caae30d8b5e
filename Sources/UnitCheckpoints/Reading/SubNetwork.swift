package import Tensors
package import UnitModel

/// One (task, level) of a unit checkpoint: its tensors as a dense, smaller model has them.
package struct SubNetwork: Sendable {
  package let network: VirtualNetwork
  /// In the order of the flat weights.
  package let tensors: [SubNetworkTensor]
  /// Owner maps and masks that the network could have: what they say has been done in `tensors`.
  package let applied: [SubNetworkTensor]

  /// The tensors that `network` has of `checkpoint`.
  ///
  /// - Parameter plan: of this checkpoint.
  package init(
    _ network: VirtualNetwork, of checkpoint: UnitCheckpoint, plan: ResolvedPlan
  ) throws(CheckpointError) {
    let axes = Dictionary(
      plan.partition.axes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var tensors: [SubNetworkTensor] = []
    var places: [Selected: Int] = [:]
    let masks = TaskMasks(plan.partition.tensors)
    var masksOf: [Int: Int] = [:]
    for number in masks.masked { masksOf[number] = masks.mask(of: number, in: network) }
    let isApplied = plan.partition.ownerMaps.union(masksOf.values)
    var applied: [SubNetworkTensor] = []
    for (number, placement) in plan.partition.tensors.enumerated() {
      guard network.sees(placement), placement.units.allSatisfy(network.units.contains) else { continue }
      let stored = checkpoint.index.tensors[number].tiedTo ?? number
      let selected = Selected(
        stored: stored, mask: masksOf[number].map { checkpoint.index.tensors[$0].tiedTo ?? $0 })
      let alias = placement.scope.user(task: network.task, level: network.level)?.alias
      do throws(TensorError) {
        let selection = try TensorSelection(
          checkpoint.index.tensors[stored], of: checkpoint.index, in: network,
          mask: selected.mask.map { checkpoint.index.stored(checkpoint.index.tensors[$0]) })
        let tensor = SubNetworkTensor(
          number: number,
          spec: try TensorSpec(
            name: alias ?? placement.spec.name, dtype: selection.spec.dtype, shape: selection.spec.shape),
          selection: selection, tiedTo: places[selected],
          reorderings: placement.reorderings(in: network, axes: axes))
        if isApplied.contains(number) {
          applied.append(tensor)
          continue
        }
        tensors.append(tensor)
      } catch {
        throw .broken(
          .tensorShape, path: checkpoint.path, place: "tensor \(placement.spec.name.quoted)",
          expected: "a tensor in task \(network.task.quoted), level \(network.level)", found: "\(error)")
      }
      if places[selected] == nil { places[selected] = tensors.count - 1 }
    }
    self.network = network
    self.tensors = tensors
    self.applied = applied
  }

  /// Tensors with the same bytes are tied if the same mask is laid on them.
  private struct Selected: Hashable {
    let stored: Int
    let mask: Int?
  }

  /// Elements and logical bytes; tied tensors count once.
  package var totals: (parameters: Int, bytes: Int) {
    var totals = (parameters: 0, bytes: 0)
    // What is selected of a file is no more than the file describes, which has been found to fit.
    for tensor in tensors where tensor.tiedTo == nil {
      totals.parameters += tensor.spec.elementCount
      totals.bytes += tensor.spec.byteCount
    }
    return totals
  }
}

/// A tensor of a sub-network.
package struct SubNetworkTensor: Sendable {
  /// Its number in the checkpoint, and in the partition.
  package let number: Int
  /// The name that the task knows the tensor by, and the dense shape.
  package let spec: TensorSpec
  package let selection: TensorSelection
  /// The place in the sub-network of the tensor whose bytes these are too.
  package let tiedTo: Int?
  /// The compact dimensions that are stored in the task's order of units, and how they become ascending.
  package let reorderings: [DimensionReordering]
}

/// How the channels of a compact dimension change their order: position = (o′ · channels + channel) · inner + i′.
package struct DimensionReordering: Sendable, Equatable {
  package let dimension: Int
  package let inner: Int
  package let outer: Int
  /// Runs of channels in the order of the result: where each is stored, counted in channels, and how long it is.
  ///
  /// Runs, not channels: a plan of a few bytes can name a million channels.
  package let runs: [Run]

  package struct Run: Sendable, Equatable {
    package let source: Int
    package let count: Int
  }

  /// How many channels there are.
  package var channelCount: Int { runs.reduce(0) { $0 + $1.count } }

  /// The extent of the dimension; nil when it does not fit.
  package var positionCount: Int? {
    let (inside, first) = channelCount.multipliedReportingOverflow(by: inner)
    let (all, second) = inside.multipliedReportingOverflow(by: outer)
    return first || second ? nil : all
  }
}

extension TensorPlacement {
  /// A compact dimension in the task's order of units; a sub-network has its channels in ascending order everywhere.
  package func reorderings(in network: VirtualNetwork, axes: [AxisName: ChannelAxis]) -> [DimensionReordering]
  {
    guard featureOrder == .task else { return [] }
    return compactDimensions.compactMap { dimension, use in
      guard let axis = axes[use.axis] else { return nil }
      var stored: [(first: Int, run: DimensionReordering.Run)] = []
      var source = 0
      for range in network.activeChannels(of: axis, order: .task) {
        stored.append((range.lowerBound, .init(source: source, count: range.count)))
        source += range.count
      }
      // Ranges are disjoint, so their order is that of their channels.
      let ascending = stored.sorted { $0.first < $1.first }.map(\.run)
      if ascending == stored.map(\.run) { return nil }
      return DimensionReordering(dimension: dimension, inner: use.inner, outer: use.outer, runs: ascending)
    }
  }
}
