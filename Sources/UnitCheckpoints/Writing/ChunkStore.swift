internal import ByteFiles
internal import Deflate
internal import Dispatch
internal import Glibc
internal import HDF5Kit
internal import Synchronization

/// Compresses chunks on all cores and writes them one after another, in the order in which they were appended.
final class ChunkStore: @unchecked Sendable {
  // Proof of @unchecked: `state` is behind a mutex, and everything else is immutable. The file is written at places
  // that belong to one chunk each.

  private struct Finished {
    let section: Int
    let chunk: Int
    let output: ChunkBuffer
    let count: Int
  }

  private struct State {
    var places: [Int: [ChunkPlace?]] = [:]
    var encoders: [ChunkEncoder] = []
    var buffers: [ChunkBuffer] = []
    /// Compressed chunks that wait until an earlier chunk is written.
    var waiting: [Int: Finished] = [:]
    var next = 0
    /// The address of the next chunk.
    var end: Int
    var sinceWriteback = 0
    var failure: FileError?
  }

  private let file: AtomicFile
  private let state: Mutex<State>
  private let queue = DispatchQueue(label: "tessera.compress", attributes: .concurrent)
  private let group = DispatchGroup()
  /// Limits the number of chunks in work, and so the memory: about four buffers for each core.
  private let room: DispatchSemaphore
  private var submitted = 0

  /// - Parameter start: the address of the first chunk.
  init(file: AtomicFile, start: Int) {
    self.file = file
    state = Mutex(State(end: start))
    let cores = ThreadSupply.processorCount
    room = DispatchSemaphore(value: min(8, cores + 2))
  }

  /// The first error of writing; chunks after it are dropped.
  var failure: FileError? { state.withLock { $0.failure } }

  /// Compresses a chunk and writes it; `chunk` is its number in its section. Only one thread may call this at a time.
  ///
  /// - Parameters:
  ///   - bytes: the bytes of the chunk; they are copied before this returns.
  ///   - byteCount: the size of the chunk; after `bytes` it is filled with zeros.
  func append(
    _ bytes: UnsafeRawBufferPointer, byteCount: Int, elementSize: Int, section: Int, chunk: Int
  ) {
    room.wait()
    let turn = submitted
    submitted += 1
    let input = state.withLock { $0.buffers.popLast() } ?? ChunkBuffer()
    input.memory.copyMemory(from: bytes)
    UnsafeMutableRawBufferPointer(rebasing: input.memory[bytes.count..<byteCount])
      .initializeMemory(as: UInt8.self, repeating: 0)
    queue.hand(group: group) { [self] in
      let (encoder, output) = state.withLock { ($0.encoders.popLast(), $0.buffers.popLast()) }
      let work = encoder ?? ChunkEncoder(capacity: ChunkPlan.largestChunk)
      let target = output ?? ChunkBuffer()
      let count = work.encode(
        UnsafeRawBufferPointer(rebasing: input.memory[..<byteCount]), elementSize: elementSize,
        into: target.memory)
      state.withLock {
        $0.encoders.append(work)
        $0.buffers.append(input)
      }
      finish(Finished(section: section, chunk: chunk, output: target, count: count), turn: turn)
    }
  }

  /// Gives addresses to this chunk and to the waiting chunks that follow it, and writes them.
  private func finish(_ finished: Finished, turn: Int) {
    let ready = state.withLock { state in
      var ready: [(Finished, Int)] = []
      state.waiting[turn] = finished
      while let chunk = state.waiting.removeValue(forKey: state.next) {
        let place = ChunkPlace(address: state.end, count: chunk.count)
        var list = state.places[chunk.section] ?? []
        if list.count <= chunk.chunk {
          list += [ChunkPlace?](repeating: nil, count: chunk.chunk + 1 - list.count)
        }
        list[chunk.chunk] = place
        state.places[chunk.section] = list
        ready.append((chunk, state.end))
        state.end += chunk.count
        state.next += 1
      }
      return ready
    }
    for (chunk, address) in ready {
      if failure == nil {
        do throws(FileError) {
          try file.write(UnsafeRawBufferPointer(rebasing: chunk.output.memory[..<chunk.count]), at: address)
        } catch { state.withLock { $0.failure = $0.failure ?? error } }
      }
      let isMuch = state.withLock { state in
        state.buffers.append(chunk.output)
        state.sinceWriteback += chunk.count
        if state.sinceWriteback < 64 << 20 { return false }
        state.sinceWriteback = 0
        return true
      }
      if isMuch { file.startWriteback(from: 0, count: 0) }
      room.signal()
    }
  }

  /// Waits for all chunks, even after an error.
  func wait() { group.wait() }

  /// Waits for all chunks; returns the places of each section's chunks, and the end of the last one.
  func finish() throws(FileError) -> (places: [Int: [ChunkPlace?]], end: Int) {
    group.wait()
    let (places, end, failure) = state.withLock { ($0.places, $0.end, $0.failure) }
    if let failure { throw failure }
    return (places, end)
  }
}

/// Memory for one chunk, compressed or not.
final class ChunkBuffer: @unchecked Sendable {
  // Proof of @unchecked: the memory is allocated once, and belongs to one owner at a time.
  let memory = UnsafeMutableRawBufferPointer.allocate(
    byteCount: ChunkEncoder.outputLimit(ChunkPlan.largestChunk, elementSize: 16), alignment: 64)

  deinit { memory.deallocate() }
}
