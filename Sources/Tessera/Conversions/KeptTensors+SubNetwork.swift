internal import FlatFormats
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

extension KeptTensors {
  /// The tensors of a sub-network, with the positions that its units have.
  init(_ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint) throws {
    let placements = try checkpoint.resolvedPlan().partition.tensors
    var cuts: [TensorName: [DimensionCut?]] = [:]
    for tensor in subNetwork.tensors { cuts[tensor.spec.name] = placements[tensor.number].cuts }
    let network = subNetwork.network
    self.init(specs: subNetwork.tensors.map(\.spec)) { name, dimension in
      guard let cuts = cuts[name], cuts.indices.contains(dimension), let cut = cuts[dimension] else {
        return nil
      }
      let isKept = cut.parts.map(network.contains)
      var runs: [Range<Int>] = []
      var start = 0
      for segment in cut.segments {
        let run = start..<start + segment.length
        start = run.upperBound
        guard isKept[segment.part] else { continue }
        if let last = runs.last, last.upperBound == run.lowerBound {
          runs[runs.count - 1] = last.lowerBound..<run.upperBound
        } else {
          runs.append(run)
        }
      }
      return runs
    }
  }
}
