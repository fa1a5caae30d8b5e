package import FlatFormats
internal import Tensors
package import UnitCheckpoints

/// The flat weights of a unit checkpoint as a source of tensors, put together and checked while they are read.
package struct CheckpointSource: TensorSource {
  private let checkpoint: UnitCheckpoint
  package let tensors: [FlatTensor]

  package init(_ checkpoint: UnitCheckpoint) {
    self.checkpoint = checkpoint
    let index = checkpoint.index
    tensors = index.tensors.map { tensor in
      FlatTensor(spec: tensor.spec, tiedTo: tensor.tiedTo.map { index.tensors[$0].spec.name })
    }
  }

  package var path: String { checkpoint.path }

  package func reader(of index: Int) throws(FlatFormatError) -> any TensorByteReader {
    try Reader(checkpoint, index)
  }

  /// Windows of a tensor, handed out in whatever pieces are asked for.
  private final class Reader: TensorByteReader {
    private let reader: TensorBlocksReader
    private let windows: [BlockWindow]
    private var next = 0
    private let flat: UnsafeMutableRawBufferPointer
    private let pieces: UnsafeMutableRawBufferPointer
    /// What of `flat` has not been handed out.
    private var ready = 0..<0
    private let path: String
    private let spec: TensorSpec

    init(_ checkpoint: UnitCheckpoint, _ number: Int) throws(FlatFormatError) {
      let tensor = checkpoint.index.tensors[number]
      let size = min(4 << 20, max(1, tensor.spec.byteCount))
      reader = try asFlat { () throws(CheckpointError) in try TensorBlocksReader(checkpoint, number) }
      windows = reader.windows(limit: size)
      flat = .allocate(byteCount: size, alignment: 64)
      pieces = .allocate(byteCount: size, alignment: 64)
      path = checkpoint.path
      spec = tensor.spec
      if windows.isEmpty { try asFlat { () throws(CheckpointError) in try reader.finish() } }
    }

    deinit {
      flat.deallocate()
      pieces.deallocate()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError) {
      var done = 0
      while done < buffer.count {
        if ready.isEmpty { try readWindow() }
        let count = min(ready.count, buffer.count - done)
        UnsafeMutableRawBufferPointer(rebasing: buffer[done...]).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: flat[ready.lowerBound..<ready.lowerBound + count]))
        ready = ready.lowerBound + count..<ready.upperBound
        done += count
      }
    }

    private func readWindow() throws(FlatFormatError) {
      guard next < windows.count else {
        throw .elsewhere(
          sentence:
            "\(path): tensor \(spec.name.quoted): expected at most \(spec.byteCount) bytes to be asked "
            + "for, found a request for more")
      }
      let window = windows[next]
      next += 1
      try asFlat { () throws(CheckpointError) in
        try reader.read(window, into: flat, pieces: pieces)
        if next == windows.count { try reader.finish() }
      }
      ready = 0..<window.byteCount
    }
  }
}

/// Runs `body` with a checkpoint's error as that of a source of tensors.
private func asFlat<Value>(_ body: () throws(CheckpointError) -> Value) throws(FlatFormatError) -> Value {
  do throws(CheckpointError) { return try body() } catch { throw .elsewhere(sentence: error.description) }
}
