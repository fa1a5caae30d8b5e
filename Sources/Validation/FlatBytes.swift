internal import FlatFormats
internal import TensorStreams
internal import Tensors

/// What reading all bytes of one tensor of a flat file has told.
struct FlatBytes: Sendable {
  let error: (any Error)?
  let nonFinite: NonFiniteCount

  /// Reads every tensor once, on all cores.
  static func scan(
    _ source: any FlatWeightsSource, progress: (Int) -> Void
  ) -> [(tensor: Int, found: FlatBytes)] {
    let found = ParallelScan.run(sizes: source.tensors.map(\.spec.byteCount), progress: progress) {
      FlatBytes(source, $0, counter: $1)
    }
    return Array(zip(source.tensors.indices, found))
  }

  private init(_ source: any FlatWeightsSource, _ tensor: Int, counter: ByteCounter) {
    let spec = source.tensors[tensor].spec
    let lane = HashLane(spec.dtype, hashes: false, isParallel: false)
    var error: (any Error)?
    do { try lane.read(try source.reader(of: tensor), counter) { try $0.read(into: $1) } } catch let caught {
      error = caught
    }
    self.error = error
    nonFinite = lane.finish().nonFinite
  }
}
