internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// What reading all bytes of one tensor has told.
struct TensorScan: Sendable {
  /// What kept the tensor from being read to its end; nil where nothing did.
  let error: (any Error)?
  /// The digest; nil where it was not asked for, or not all of the tensor could be read.
  let digest: SHA256Digest?
  let nonFinite: NonFiniteCount

  /// Reads tensors once each, on all cores.
  ///
  /// - Parameters:
  ///   - numbers: places of tensors; those that share their bytes with another need no reading.
  ///   - hashes: whether digests are wanted.
  static func run(
    _ source: any TensorSource, _ numbers: [Int], hashes: Bool, progress: (Int) -> Void
  ) -> [(tensor: Int, found: TensorScan)] {
    let sizes = numbers.map { source.tensors[$0].spec.byteCount }
    // What is more than one core's share would leave the other without work.
    let share = hashes ? sizes.reduce(0, +) / max(2, ParallelScan.workerCount) : Int.max
    let found = ParallelScan.run(sizes: sizes, progress: progress) { place, counter in
      TensorScan(source, numbers[place], hashes: hashes, isLarge: sizes[place] > share, counter)
    }
    return Array(zip(numbers, found))
  }

  private init(
    _ source: any TensorSource, _ number: Int, hashes: Bool, isLarge: Bool, _ counter: ByteCounter
  ) {
    let spec = source.tensors[number].spec
    let lane = ScanLane(
      spec.dtype, hashes: hashes, isParallel: isLarge && spec.byteCount > ScanLane.windowSize)
    var error: (any Error)?
    do { try lane.read(try source.reader(of: number), counter) } catch let caught { error = caught }
    let (digest, nonFinite) = lane.finish()
    self.error = error
    self.digest = error == nil ? digest : nil
    self.nonFinite = nonFinite
  }
}
