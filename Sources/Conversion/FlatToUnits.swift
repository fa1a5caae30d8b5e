internal import ByteFiles
internal import Dispatch
package import FlatFormats
internal import Synchronization
internal import Tensors
package import UnitCheckpoints
internal import UnitModel

/// Writes flat weights as a unit checkpoint.
///
/// One thread reads windows of the source in file order; two queues hash them (SHA-256 per tensor), another cuts
/// them into blocks, checksums the pieces and writes them. Each keeps its order, so all state belongs to one queue.
package struct FlatToUnits {
  private let source: any FlatWeightsSource
  private let writer: UnitCheckpointWriter
  private let contents: CheckpointContents

  /// Lays out the checkpoint at `destination`.
  package init(
    _ source: any FlatWeightsSource, contents: CheckpointContents, destination: String
  ) throws(ConversionError) {
    self.source = source
    self.contents = contents
    do throws(CheckpointError) {
      writer = try UnitCheckpointWriter(path: destination, contents: contents)
    } catch { throw .checkpoint(error) }
  }

  /// Moves the bytes and puts the checkpoint in its place.
  ///
  /// - Parameter progress: called now and then with the bytes read so far.
  package func run(progress: (Int) -> Void) throws(ConversionError) {
    // Two tensors of 16 MB fit, so that both lanes of the hashing have work.
    let ring = WindowRing(count: 16, capacity: 2 << 20)
    let hashing = HashQueue(tensorCount: contents.tensors.count)
    let writing = BlockQueue(writer, capacity: ring.capacity)
    var done = 0
    var failure: ConversionError?
    do throws(ConversionError) {
      for index in contents.tensors.indices {
        try copy(index, ring, hashing, writing) {
          done += $0; progress(done)
        }
      }
    } catch { failure = error }
    // The queues drain even after an error: they still use the ring's buffers.
    let digests = hashing.finish()
    let checksums = writing.finish()
    if let failure { throw failure }
    if let error = writing.failure { throw .checkpoint(.file(error)) }

    var sums: [TensorSums] = []
    for (index, tie) in contents.ties.enumerated() {
      if let tie, digests[index] != digests[tie] {
        throw .tieDiffers(
          path: source.path, name: contents.tensors[index].spec.name, tiedTo: contents.tensors[tie].spec.name)
      }
      sums.append(TensorSums(sha256: digests[index], blocks: checksums[index] ?? []))
    }
    do throws(CheckpointError) { try writer.commit(sums: sums) } catch { throw .checkpoint(error) }
  }

  private func copy(
    _ index: Int, _ ring: WindowRing, _ hashing: HashQueue, _ writing: BlockQueue, progress: (Int) -> Void
  ) throws(ConversionError) {
    let placement = contents.tensors[index]
    let reader: any TensorByteReader
    do throws(FlatFormatError) { reader = try source.reader(of: index) } catch { throw .flat(error) }
    let isTied = contents.ties[index] != nil
    if !isTied, let map = contents.ownerMaps[index], let owners = placement.owners {
      return try pack(
        index, reader, OwnerMapReader(source, map, of: placement.spec, owners), ring, hashing, writing,
        progress)
    }
    let grid = isTied ? nil : BlockGrid(placement)
    let windows =
      grid?.windows(limit: ring.capacity)
      ?? BlockGrid.wholeWindows(byteCount: placement.spec.byteCount, limit: ring.capacity)
    if !isTied {
      let destination: TensorDestination
      do throws(CheckpointError) { destination = try writer.destination(ofTensor: index) } catch {
        throw .checkpoint(error)
      }
      writing.begin(index, blocks: destination.blocks, grid: grid)
    }
    var moved = 0
    for window in windows {
      let lent = ring.take(window.byteCount, users: isTied ? 1 : 2) {
        hashing.send()
        writing.send()
      }
      do throws(FlatFormatError) { try reader.read(into: lent.storage) } catch {
        for _ in 0..<(isTied ? 1 : 2) { lent.release() }
        throw .flat(error)
      }
      hashing.update(lent, of: index)
      moved += window.byteCount
      if !isTied { writing.write(lent, window: window) }
      progress(window.byteCount)
      // A full disk must not be noticed only at the end of a tensor of a hundred gigabytes.
      if let error = writing.failure { throw .checkpoint(.file(error)) }
    }
    guard moved == placement.spec.byteCount else {
      throw .incomplete(
        path: source.path, name: placement.spec.name, expected: placement.spec.byteCount, found: moved)
    }
    // A reader checks its container's checksum with the last byte; a tensor without bytes has no last byte.
    hashing.end(index)
    if !isTied { writing.end(index) }
  }

  /// A tensor whose elements go to their owners' runs: its windows and those of its owner map, side by side.
  private func pack(
    _ index: Int, _ reader: any TensorByteReader, _ map: OwnerMapReader, _ ring: WindowRing,
    _ hashing: HashQueue, _ writing: BlockQueue, _ progress: (Int) -> Void
  ) throws(ConversionError) {
    let spec = contents.tensors[index].spec
    let width = spec.dtype.bytes ?? 1
    let destination: TensorDestination
    do throws(CheckpointError) { destination = try writer.destination(ofTensor: index) } catch {
      throw .checkpoint(error)
    }
    writing.begin(index, blocks: destination.blocks, grid: nil, packedWidth: width)
    // Both windows fit one buffer of the ring: whoever waits for a second one holds none that nobody will release.
    let limit = ring.capacity / (2 * width) * width
    for window in BlockGrid.wholeWindows(byteCount: spec.byteCount, limit: limit) {
      let send = {
        hashing.send()
        writing.send()
      }
      let owners = ring.take(window.byteCount / width, users: 1, willWait: send)
      do throws(ConversionError) { try map.read(into: owners.storage) } catch {
        owners.release()
        throw error
      }
      let lent = ring.take(window.byteCount, users: 2, willWait: send)
      do throws(FlatFormatError) { try reader.read(into: lent.storage) } catch {
        owners.release()
        for _ in 0..<2 { lent.release() }
        throw .flat(error)
      }
      hashing.update(lent, of: index)
      writing.write(lent, ownedBy: owners)
      progress(window.byteCount)
      if let error = writing.failure { throw .checkpoint(.file(error)) }
    }
    hashing.end(index)
    writing.end(index)
  }
}
