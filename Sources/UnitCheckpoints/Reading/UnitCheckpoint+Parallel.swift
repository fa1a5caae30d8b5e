internal import ByteFiles
internal import HDF5Kit
internal import Synchronization

/// Bytes of a dataset that are to be read, and where to.
struct DatasetPiece: @unchecked Sendable {
  // Proof of @unchecked: pieces that are read at once have memory of their own, which nobody else touches meanwhile.
  let dataset: Int
  /// Where they begin in the dataset.
  let offset: Int
  let target: UnsafeMutableRawBufferPointer
}

extension UnitCheckpoint {
  /// Reads all pieces. Chunks are decoded on every core; the rest comes from the file as fast as one thread reads it.
  func read(_ pieces: [DatasetPiece]) throws(CheckpointError) {
    var jobs: [DatasetPiece] = []
    for piece in pieces where !piece.target.isEmpty {
      if isPlaced(dataset: piece.dataset) {
        try read(dataset: piece.dataset, at: piece.offset, into: piece.target)
        continue
      }
      let range = piece.offset..<piece.offset + piece.target.count
      for part in try open(dataset: piece.dataset).pieces(of: range) {
        let place = part.lowerBound - piece.offset
        jobs.append(
          DatasetPiece(
            dataset: piece.dataset, offset: part.lowerBound,
            target: UnsafeMutableRawBufferPointer(rebasing: piece.target[place..<place + part.count])))
      }
    }
    if jobs.isEmpty { return }
    try countingData { () throws(CheckpointError) in
      if jobs.count == 1 { return try readChunks(jobs[0]) }
      let failure = Mutex<(job: Int, error: CheckpointError)?>(nil)
      ThreadSupply.perform(jobs.count) { [jobs] number in
        do throws(CheckpointError) { try readChunks(jobs[number]) } catch {
          // Which thread comes first is chance; which piece comes first is not.
          failure.withLock { if $0.map({ number < $0.job }) ?? true { $0 = (number, error) } }
        }
      }
      if let error = failure.withLock({ $0?.error }) { throw error }
    }
  }
}
