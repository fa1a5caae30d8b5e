internal import ByteFiles
internal import HDF5Kit
internal import Synchronization

extension UnitCheckpoint {
  /// Fills a buffer with bytes that HDF5 finds; chunks are decoded on every core.
  func decode(
    _ dataset: HDF5Dataset, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    let parts = dataset.pieces(of: offset..<offset + buffer.count)
    let jobs = parts.map { part in
      DecodingJob(
        offset: part.lowerBound,
        target: UnsafeMutableRawBufferPointer(
          rebasing: buffer[part.lowerBound - offset..<part.upperBound - offset]))
    }
    if jobs.count == 1 { return try decode(jobs[0], of: dataset) }
    let failure = Mutex<(job: Int, error: CheckpointError)?>(nil)
    ThreadSupply.perform(jobs.count) { number in
      do throws(CheckpointError) { try decode(jobs[number], of: dataset) } catch {
        // Keeps the error of the first piece, because the order of threads is random.
        failure.withLock { if $0.map({ number < $0.job }) ?? true { $0 = (number, error) } }
      }
    }
    if let error = failure.withLock({ $0?.error }) { throw error }
  }

  private func decode(_ job: DecodingJob, of dataset: HDF5Dataset) throws(CheckpointError) {
    do throws(HDF5Error) { try dataset.read(into: job.target, at: job.offset) } catch {
      throw .hdf5(path: path, error)
    }
  }
}

/// Bytes of a dataset to decode, and where they go.
private struct DecodingJob: @unchecked Sendable {
  // Proof of @unchecked: jobs that run at the same time have separate memory.
  let offset: Int
  let target: UnsafeMutableRawBufferPointer
}
