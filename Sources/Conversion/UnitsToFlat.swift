internal import ByteFiles
internal import Dispatch
package import FlatFormats
internal import Synchronization
internal import Tensors
package import UnitCheckpoints

/// Writes the flat weights of a unit checkpoint.
///
/// One thread reads the pieces of each window, checks them against the checksums of their runs and puts them in
/// flat order; a queue hands the windows to the sink.
package struct UnitsToFlat {
  private let checkpoint: UnitCheckpoint
  private let sink: any FlatWeightsSink

  /// The sink must have been made from the checkpoint's specs, in their order.
  package init(_ checkpoint: UnitCheckpoint, to sink: any FlatWeightsSink) {
    self.checkpoint = checkpoint
    self.sink = sink
  }

  /// Moves the bytes and puts the file in its place.
  ///
  /// - Parameter progress: called now and then with the bytes read so far.
  package func run(progress: (Int) -> Void) throws(ConversionError) {
    let ring = WindowRing(count: 3, capacity: 4 << 20)
    let pieces = UnsafeMutableRawBufferPointer.allocate(byteCount: ring.capacity, alignment: 4096)
    let queue = SinkQueue(sink)
    defer { pieces.deallocate() }
    var done = 0
    var failure: ConversionError?
    do throws(ConversionError) {
      for index in sink.order {
        try copy(index, ring, pieces, queue) {
          done += $0; progress(done)
        }
        if let error = queue.failure { throw .flat(error) }
      }
    } catch { failure = error }
    queue.drain()
    if let failure { throw failure }
    if let error = queue.failure { throw .flat(error) }
    do throws(FlatFormatError) { try sink.finish() } catch { throw .flat(error) }
  }

  private func copy(
    _ index: Int, _ ring: WindowRing, _ pieces: UnsafeMutableRawBufferPointer, _ queue: SinkQueue,
    progress: (Int) -> Void
  ) throws(ConversionError) {
    do throws(CheckpointError) {
      let reader = try TensorBlocksReader(checkpoint, index)
      for window in reader.windows(limit: ring.capacity) {
        let lent = ring.take(window.byteCount, users: 1)
        do throws(CheckpointError) {
          try reader.read(window, into: lent.storage, pieces: pieces)
        } catch {
          lent.release()
          throw error
        }
        queue.append(lent)
        progress(window.byteCount)
      }
      try reader.finish()
    } catch { throw .checkpoint(error) }
  }
}

/// Hands windows to a sink in order, on a queue of its own.
private final class SinkQueue: @unchecked Sendable {
  // Proof of @unchecked: `error` is behind a mutex; the sink is touched only by blocks on the serial queue until
  // `drain` has returned.
  private let queue = DispatchQueue(label: "tessera.sink")
  private let sink: any FlatWeightsSink
  private let error = Mutex<FlatFormatError?>(nil)

  init(_ sink: any FlatWeightsSink) { self.sink = sink }

  /// The first error of writing; later bytes are dropped.
  var failure: FlatFormatError? { error.withLock { $0 } }

  func append(_ window: Window) {
    queue.hand { [self] in
      defer { window.release() }
      if failure != nil { return }
      do throws(FlatFormatError) {
        try sink.append(UnsafeRawBufferPointer(window.storage))
      } catch { self.error.withLock { $0 = error } }
    }
  }

  func drain() { queue.sync {} }
}
