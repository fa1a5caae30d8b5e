internal import ByteFiles
internal import Dispatch
internal import HDF5Kit
internal import Synchronization

/// Makes a checkpoint's skeleton on a thread of its own, and tells the addresses of datasets as they come.
///
/// libhdf5 takes a tenth of a millisecond for a tensor of four units and does one thing at a time: with 4,000 small
/// tensors that is half of a conversion, in which the bytes of those that are there can move already.
final class SkeletonWork: @unchecked Sendable {
  // Proof of @unchecked: `state` is behind a mutex, and everything else is immutable.

  private struct State {
    /// Of the datasets created so far, by row; nil for one that is empty or in chunks.
    var addresses: [Int?] = []
    var outcome: Result<CheckpointSkeleton, CheckpointError>?
  }

  private let state = Mutex(State())
  /// Signalled when `state` has more to tell; one thread waits for it.
  private let news = DispatchSemaphore(value: 0)
  private let group = DispatchGroup()
  /// Datasets that are told together.
  private static let batch = 64

  /// Starts the work; the metadata goes to `file` once it is whole.
  func start(_ file: AtomicFile, path: String, contents: CheckpointContents, index: IndexBuilder) {
    DispatchQueue(label: "tessera.skeleton").hand(group: group) { [self] in
      let outcome: Result<CheckpointSkeleton, CheckpointError>
      do throws(CheckpointError) {
        outcome = .success(try make(file, path: path, contents: contents, index: index))
      } catch { outcome = .failure(error) }
      state.withLock { $0.outcome = outcome }
      news.signal()
    }
  }

  private func make(
    _ file: AtomicFile, path: String, contents: CheckpointContents, index: IndexBuilder
  ) throws(CheckpointError) -> CheckpointSkeleton {
    var told: [Int?] = []
    var waiting: [Int?] = []
    let memory: MemoryFile
    do throws(FileError) { memory = try MemoryFile() } catch { throw .file(error) }
    let skeleton: CheckpointSkeleton
    do throws(HDF5Error) {
      skeleton = try CheckpointSkeleton(in: memory, contents: contents, index: index) { address in
        waiting.append(address)
        if waiting.count == Self.batch { tell(&waiting, &told) }
      }
    } catch { throw .hdf5(path: path, error) }
    tell(&waiting, &told)
    do throws(FileError) {
      // Between the metadata there are tensors' bytes already.
      try memory.copy(to: file, leavingOut: index.dataRanges(addresses: told))
    } catch { throw .file(error) }
    return skeleton
  }

  private func tell(_ addresses: inout [Int?], _ told: inout [Int?]) {
    state.withLock { $0.addresses += addresses }
    news.signal()
    told += addresses
    addresses = []
  }

  /// Waits until so many datasets are there; returns the addresses of those from `first` on that are known by then.
  func addresses(from first: Int, upTo count: Int) throws(CheckpointError) -> ArraySlice<Int?> {
    while true {
      let (addresses, outcome) = state.withLock {
        ($0.addresses[min(first, $0.addresses.count)...], $0.outcome)
      }
      if addresses.endIndex >= count { return addresses }
      if let outcome {
        _ = try outcome.get()
        return addresses
      }
      news.wait()
    }
  }

  /// Waits for the end.
  func finish() throws(CheckpointError) -> CheckpointSkeleton {
    group.wait()
    guard let outcome = state.withLock({ $0.outcome }) else {
      throw .hdf5(path: "", .library(call: "SkeletonWork", message: "it was not started"))
    }
    return try outcome.get()
  }

  /// Waits for the end, whatever it is: nothing of ours may be at work in the file when it is removed.
  func wait() { group.wait() }
}
