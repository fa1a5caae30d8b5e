internal import Tensors
internal import UnitCheckpoints

/// What reading all bytes of one stored tensor has told.
struct TensorBytes: Sendable {
  /// What kept the tensor from being read.
  let errors: [CheckpointError]
  /// The digest; nil when not all of the tensor could be read.
  let digest: SHA256Digest?
  let nonFinite: NonFiniteCount

  /// Reads every stored tensor once, on all cores. Tied tensors have no bytes of their own.
  static func scan(
    _ checkpoint: UnitCheckpoint, progress: (Int) -> Void
  ) -> [(tensor: Int, found: TensorBytes)] {
    let numbers = checkpoint.index.tensors.indices.filter { checkpoint.index.tensors[$0].tiedTo == nil }
    let sizes = numbers.map { checkpoint.index.tensors[$0].spec.byteCount }
    // What is more than one core's share would leave the other without work.
    let share = sizes.reduce(0, +) / max(2, ParallelScan.workerCount)
    let found = ParallelScan.run(sizes: sizes, progress: progress) { place, counter in
      TensorBytes(
        checkpoint, numbers[place], isParallel: sizes[place] > share,
        counter: counter)
    }
    return Array(zip(numbers, found))
  }

  private init(_ checkpoint: UnitCheckpoint, _ number: Int, isParallel: Bool, counter: ByteCounter) {
    let tensor = checkpoint.index.tensors[number]
    let lane = HashLane(
      tensor.spec.dtype, isParallel: isParallel && tensor.spec.byteCount > HashLane.windowSize)
    var errors: [CheckpointError] = []
    do throws(CheckpointError) {
      let reader = try TensorBlocksReader(checkpoint, number, windowLimit: HashLane.windowSize)
      try lane.read(reader, counter) { (reader, buffer) throws(CheckpointError) in
        try reader.read(into: buffer)
      }
    } catch { errors.append(error) }
    let (digest, nonFinite) = lane.finish()
    self.errors = errors
    self.digest = errors.isEmpty ? digest : nil
    self.nonFinite = nonFinite
  }
}
