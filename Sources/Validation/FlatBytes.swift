internal import FlatFormats
internal import Tensors

/// What reading all bytes of one tensor of a flat file has told.
struct FlatBytes: Sendable {
  let error: FlatFormatError?
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
    var error: FlatFormatError?
    do throws(FlatFormatError) {
      let reader = try source.reader(of: tensor)
      var left = spec.byteCount
      while left > 0 {
        let count = min(left, HashLane.windowSize)
        try lane.window(count) { (buffer) throws(FlatFormatError) in
          try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
        }
        left -= count
        counter.add(count)
      }
    } catch let caught { error = caught }
    self.error = error
    nonFinite = lane.finish().nonFinite
  }
}
