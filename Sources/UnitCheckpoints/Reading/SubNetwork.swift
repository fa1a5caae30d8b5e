package import Tensors
package import UnitModel

/// One (task, level) of a unit checkpoint: its tensors, as those of a smaller, dense model.
package struct SubNetwork: Sendable {
  package let network: VirtualNetwork
  /// The tensors, in the order of the flat weights.
  package private(set) var tensors: [SubNetworkTensor]
  /// Owner maps and masks of the network, which have been applied to `tensors`.
  package let applied: [SubNetworkTensor]

  /// The tensors of `checkpoint` that `network` has, according to the tables.
  package init(_ network: VirtualNetwork, of checkpoint: UnitCheckpoint) throws(CheckpointError) {
    let index = checkpoint.index
    guard let row = index.network(task: network.task, level: network.level) else {
      throw .broken(
        .planDisagrees, path: checkpoint.path, place: "/\(Layout.Table.tasks.path)",
        expected: "task \(network.task.quoted), level \(network.level)", found: "none")
    }
    let active = ActiveUnits(index.networks[row])
    let isApplied = index.appliedTensors(in: row)
    var tensors: [SubNetworkTensor] = []
    var applied: [SubNetworkTensor] = []
    var places: [Selected: Int] = [:]
    for (number, tensor) in index.tensors.enumerated() {
      guard index.has(row..<row + 1, inScope: tensor.scope),
        tensor.units.allSatisfy({ active.contains($0, on: nil) })
      else { continue }
      let view = index.view(of: number, in: row)
      let selected = Selected(stored: index.stored(number), mask: view?.mask.map { index.stored($0) })
      do throws(TensorError) {
        let selection = try TensorSelection(number, of: index, in: active, mask: view?.mask)
        let found = SubNetworkTensor(
          number: number,
          spec: try TensorSpec(
            name: view?.name ?? tensor.spec.name, dtype: selection.spec.dtype, shape: selection.spec.shape),
          selection: selection, tiedTo: places[selected],
          reorderings: index.reorderings(of: tensor, in: index.networks[row]))
        if isApplied.contains(number) {
          applied.append(found)
          continue
        }
        tensors.append(found)
      } catch {
        throw .broken(
          .tensorShape, path: checkpoint.path, place: "tensor \(tensor.spec.name.quoted)",
          expected: "a tensor in task \(network.task.quoted), level \(network.level)", found: "\(error)")
      }
      if places[selected] == nil { places[selected] = tensors.count - 1 }
    }
    self.network = network
    self.tensors = tensors
    self.applied = applied
  }

  /// Tensors with the same bytes and the same mask are tied.
  private struct Selected: Hashable {
    let stored: Int
    let mask: Int?
  }

  /// The same sub-network with other names of tensors.
  package func renamed(_ names: [TensorName: TensorName]) -> SubNetwork {
    if names.isEmpty { return self }
    var renamed = self
    renamed.tensors = tensors.map { tensor in
      guard let name = names[tensor.spec.name] else { return tensor }
      return SubNetworkTensor(
        number: tensor.number,
        spec: tensor.spec.named(name),
        selection: tensor.selection, tiedTo: tensor.tiedTo, reorderings: tensor.reorderings)
    }
    return renamed
  }

  /// The same sub-network without the tensors of these numbers in the checkpoint.
  package func without(_ numbers: Set<Int>) -> SubNetwork {
    if numbers.isEmpty { return self }
    var rest = self
    rest.tensors = []
    // The first tensor that stays has the bytes of those tied to it.
    var places: [Int: Int] = [:]
    for (place, tensor) in tensors.enumerated() where !numbers.contains(tensor.number) {
      let root = tensor.tiedTo ?? place
      rest.tensors.append(
        SubNetworkTensor(
          number: tensor.number, spec: tensor.spec, selection: tensor.selection, tiedTo: places[root],
          reorderings: tensor.reorderings))
      if places[root] == nil { places[root] = rest.tensors.count - 1 }
    }
    return rest
  }

  /// Elements and logical bytes; tied tensors count once. The state of an optimizer has bytes, but no parameters.
  package var totals: (parameters: Int, bytes: Int) {
    var totals = (parameters: 0, bytes: 0)
    let state = OptimizerNames(tensors.map(\.spec.name)).members
    // The sums do not overflow: a selection has at most the elements that the file describes, and these were checked.
    for (place, tensor) in tensors.enumerated() where tensor.tiedTo == nil {
      if !state.contains(place) { totals.parameters += tensor.spec.elementCount }
      totals.bytes += tensor.spec.byteCount
    }
    return totals
  }
}

/// A tensor of a sub-network.
package struct SubNetworkTensor: Sendable {
  /// Its number in the checkpoint, and in the partition.
  package let number: Int
  /// The task's name for the tensor, and the dense shape.
  package let spec: TensorSpec
  package let selection: TensorSelection
  /// The place in the sub-network of the tensor whose bytes it shares; nil if it is not tied.
  package let tiedTo: Int?
  /// The compact dimensions that are stored in the task's order of units, and how to sort them.
  package let reorderings: [DimensionReordering]
}

/// The reordering of a compact dimension's channels: position = (o′ · channels + channel) · inner + i′.
package struct DimensionReordering: Sendable, Equatable {
  package let dimension: Int
  package let inner: Int
  package let outer: Int
  /// Runs of channels, in the order of the result: where each run is stored, counted in channels, and its length.
  ///
  /// Runs are stored instead of channels, because a plan of a few bytes can name a million channels.
  package let runs: [Run]

  package struct Run: Sendable, Equatable {
    package let source: Int
    package let count: Int
  }

  /// The number of channels.
  package var channelCount: Int { runs.reduce(0) { $0 + $1.count } }

  /// The extent of the dimension; nil if it overflows.
  package var positionCount: Int? {
    let (inside, first) = channelCount.multipliedReportingOverflow(by: inner)
    let (all, second) = inside.multipliedReportingOverflow(by: outer)
    return first || second ? nil : all
  }
}

extension CheckpointIndex {
  /// The owner maps and masks of the network in this row. They are applied, and are not tensors of the network.
  func appliedTensors(in row: Int) -> Set<Int> {
    let maps = Set(tensors.compactMap { $0.owners.map { stored($0.map) } })
    var found = maps.isEmpty ? [] : Set(tensors.indices.filter { maps.contains(stored($0)) })
    for number in views.keys { if let mask = view(of: number, in: row)?.mask { found.insert(mask) } }
    return found
  }

  /// The reorderings that sort channels from the order of a network's task into ascending order.
  func reorderings(of tensor: IndexedTensor, in network: IndexedNetwork) -> [DimensionReordering] {
    tensor.reordered.compactMap { use in
      let cut = cuts[axes[use.axis].cut]
      var channels: [Int: [Range<Int>]] = [:]
      var first = 0
      for segment in cut.segments {
        channels[cut.parts[segment.part].unit, default: []].append(first..<first + segment.length)
        first += segment.length
      }
      var stored: [(first: Int, run: DimensionReordering.Run)] = []
      var source = 0
      for unit in [-1] + network.units(on: use.axis) {
        for range in channels[unit] ?? [] {
          stored.append((range.lowerBound, .init(source: source, count: range.count)))
          source += range.count
        }
      }
      // The ranges do not overlap, so their order is the order of their channels.
      let ascending = stored.sorted { $0.first < $1.first }.map(\.run)
      if ascending == stored.map(\.run) { return nil }
      return DimensionReordering(
        dimension: use.dimension, inner: use.inner, outer: use.outer, runs: ascending)
    }
  }
}
