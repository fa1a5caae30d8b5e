package import ByteFiles
internal import FlatFormats
internal import Synchronization
package import TensorStreams
internal import Tensors

/// Writes the tensors of any source into any sink.
///
/// One thread reads windows of the tensors in the sink's order; a queue hands them to the sink.
package struct CopyTensors {
  private let source: any TensorSource
  private let sink: any TensorSink
  private let files: FileStamps
  private let mayLose: (LeftOut) -> Bool

  /// The sink must have been made from the source's specs, in the source's order.
  ///
  /// - Parameters:
  ///   - files: the source's files; `run` fails if a program writes to one.
  ///   - mayLose: whether the user accepts the loss of something that is left out.
  package init(
    _ source: any TensorSource, to sink: any TensorSink, files: FileStamps = FileStamps([]),
    mayLose: @escaping (LeftOut) -> Bool = { _ in false }
  ) {
    self.source = source
    self.sink = sink
    self.files = files
    self.mayLose = mayLose
  }

  /// Copies the bytes and commits the file.
  ///
  /// - Parameter progress: receives the bytes read so far; an error that it throws ends the work.
  package func run(progress: (Int) throws -> Void) throws {
    try source.requireWhole(mayLose: mayLose)
    try requireTies()
    let ring = WindowRing(count: 3, capacity: 4 << 20)
    let queue = SinkQueue(sink)
    var done = 0
    do {
      // The queue drains even after an error, because it still uses the ring's buffers.
      defer { queue.drain() }
      for number in sink.order {
        let reader = try source.reader(of: number)
        while case let count = reader.nextStretch(limit: ring.capacity), count > 0 {
          let window = ring.take(count, users: 1, willWait: queue.send)
          do { try reader.read(into: window.storage) } catch {
            window.release()
            throw error
          }
          queue.append(window)
          done += count
          try progress(done)
          // Checked here, so that a full disk is noticed before the end of a tensor of a hundred gigabytes.
          if let error = queue.failure { throw error }
        }
      }
    }
    if let error = queue.failure { throw error }
    try files.requireUnchanged()
    try sink.finish()
  }

  /// If the sink writes tied tensors once, throws when the source has different bytes for two of them.
  private func requireTies() throws {
    if source.sharesTiedBytes { return }
    let written = Set(sink.order)
    let places = source.places
    for (number, tensor) in source.tensors.enumerated() where !written.contains(number) {
      guard let tiedTo = tensor.tiedTo, let target = places[tiedTo] else { continue }
      if try source.digest(of: number) != source.digest(of: target) {
        throw ConversionError.tieDiffers(path: source.path, name: tensor.spec.name, tiedTo: tiedTo)
      }
    }
  }
}

/// Passes windows to a sink in order, on its own queue.
private final class SinkQueue: @unchecked Sendable {
  // Proof of @unchecked: `error` is behind a mutex; the sink is touched only by work on the serial queue until `drain`
  // has returned; the queue belongs to the thread that calls the methods.
  private let queue = SerialQueue(label: "tessera.sink")
  private let sink: any TensorSink
  private let error = Mutex<(any Error)?>(nil)

  init(_ sink: any TensorSink) { self.sink = sink }

  /// The first error of writing; bytes after it are dropped.
  var failure: (any Error)? { error.withLock { $0 } }

  func append(_ window: Window) {
    queue.async(byteCount: window.storage.count) { [self] in
      defer { window.release() }
      if failure != nil { return }
      do { try sink.append(UnsafeRawBufferPointer(window.storage)) } catch {
        self.error.withLock { $0 = error }
      }
    }
  }

  /// Starts work that is still waiting for a batch to fill.
  func send() { queue.send() }

  func drain() { queue.drain() }
}
