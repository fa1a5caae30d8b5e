package import ByteFiles
package import TensorStreams
internal import Tensors
package import UnitCheckpoints
internal import UnitModel

/// Writes flat weights as a unit checkpoint.
///
/// One thread reads windows of the source in file order. Two queues hash them (SHA-256 for each tensor); a third cuts
/// them into blocks and writes the blocks. Each queue keeps the order and owns its state.
package struct FlatToUnits {
  private let source: any TensorSource
  private let writer: UnitCheckpointWriter
  private let contents: CheckpointContents
  private let files: FileStamps

  /// Lays out the checkpoint at `destination`.
  ///
  /// - Parameter files: the source's files; `run` fails if a program writes to one.
  package init(
    _ source: any TensorSource, contents: CheckpointContents, destination: String,
    files: FileStamps = FileStamps([])
  ) throws(CheckpointError) {
    self.source = source
    self.files = files
    self.contents = contents
    writer = try UnitCheckpointWriter(path: destination, contents: contents)
  }

  /// Copies the bytes and commits the checkpoint.
  ///
  /// - Parameter progress: receives the bytes read so far; an error that it throws ends the work.
  package func run(progress: (Int) throws -> Void) throws {
    // Two tensors of 16 MB fit, so that both hashing queues have work.
    let ring = WindowRing(count: 16, capacity: 2 << 20)
    let hashing = HashQueue(tensorCount: contents.partition.tensors.count)
    let writing = BlockQueue(writer, capacity: ring.capacity)
    var done = 0
    var failure: (any Error)?
    do {
      for index in contents.partition.tensors.indices where contents.holds(index) {
        try copy(index, ring, hashing, writing) {
          done += $0
          try progress(done)
        }
      }
    } catch { failure = error }
    // The queues drain even after an error, because they still use the ring's buffers.
    let digests = hashing.finish()
    writing.finish()
    if let failure { throw failure }
    if let error = writing.failure { throw error }
    for (index, tie) in contents.ties.enumerated() {
      if let tie, digests[index] != digests[tie] {
        throw ConversionError.tieDiffers(
          path: source.path, name: contents.partition.tensors[index].spec.name,
          tiedTo: contents.partition.tensors[tie].spec.name)
      }
    }
    try files.requireUnchanged()
    try writer.commit(digests: digests)
  }

  private func copy(
    _ index: Int, _ ring: WindowRing, _ hashing: HashQueue, _ writing: BlockQueue,
    progress: (Int) throws -> Void
  ) throws {
    let placement = contents.partition.tensors[index]
    let tensor = writer.index.tensors[index]
    let reader = try source.reader(of: index)
    let isTied = tensor.tiedTo != nil
    let map = try tensor.owners.flatMap { owners in placement.owners.map { (owners.map, $0) } }
      .map { map, owners in try OwnerMapReader(source, map, of: placement.spec, owners) }
    let width = map == nil ? 1 : placement.spec.dtype.bytes ?? 1
    // With a map, both windows fit one buffer of the ring. Waiting for a second buffer would never end, because this
    // thread would hold a window that no queue has.
    let limit = map == nil ? ring.capacity : ring.capacity / (2 * width) * width
    if !isTied { writing.begin(index) }
    let send = {
      hashing.send()
      writing.send()
    }
    let users = isTied ? 1 : 2
    var moved = 0
    for window in writer.index.geometry(ofTensor: index).windows(limit: limit) {
      let owners = try map.map { map in
        let owners = ring.take(window.byteCount / width, users: 1, willWait: send)
        do { try map.read(into: owners.storage) } catch {
          owners.release()
          throw error
        }
        return owners
      }
      let lent = ring.take(window.byteCount, users: users, willWait: send)
      do { try reader.read(into: lent.storage) } catch {
        owners?.release()
        for _ in 0..<users { lent.release() }
        throw error
      }
      hashing.update(lent, of: index)
      moved += window.byteCount
      if !isTied { writing.write(lent, at: window, ownedBy: owners) }
      try progress(window.byteCount)
      // Checked here, so that a full disk is noticed before the end of a tensor of a hundred gigabytes.
      if let error = writing.failure { throw error }
    }
    guard moved == placement.spec.byteCount else {
      throw ConversionError.incomplete(
        path: source.path, name: placement.spec.name, expected: placement.spec.byteCount, found: moved)
    }
    hashing.end(index)
  }
}
