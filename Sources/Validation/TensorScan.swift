internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// The results of reading all bytes of one tensor.
struct TensorScan: Sendable {
  /// The error that ended the read; nil if the whole tensor was read.
  let error: (any Error)?
  /// The digest; nil if it was not requested, or if the tensor could not be read completely.
  let digest: SHA256Digest?
  let nonFinite: NonFiniteCount

  /// Reads each tensor once, on all cores.
  ///
  /// - Parameters:
  ///   - numbers: indices of tensors; a tied tensor need not be listed.
  ///   - hashes: whether to compute digests.
  static func run(
    _ source: any TensorSource, _ numbers: [Int], hashes: Bool, progress: (Int) -> Void
  ) -> [(tensor: Int, found: TensorScan)] {
    let sizes = numbers.map { source.tensors[$0].spec.byteCount }
    // A tensor that is larger than one core's share would leave the other cores without work.
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
