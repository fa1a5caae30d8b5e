package import ByteFiles
internal import HDF5Kit

/// Fills the chunks of one tensor's compressed blocks with bytes that come piece by piece, each block's in order.
///
/// Not `Sendable`: one thread uses it at a time.
package final class ChunkFiller {
  private let store: ChunkStore
  private var open: [BlockChunks: OpenChunk] = [:]

  private struct OpenChunk {
    let buffer: ChunkBuffer
    /// Counted from the block's first.
    let number: Int
    /// Bytes of the block that it holds in the end.
    let goal: Int
    var filled = 0
  }

  init(_ store: ChunkStore) { self.store = store }

  /// The first error of writing; later bytes are dropped.
  package var failure: FileError? { store.failure }

  /// Appends bytes to a block.
  ///
  /// - Parameter start: how many bytes the block has had before.
  package func append(_ bytes: UnsafeRawBufferPointer, to block: BlockDestination, at start: Int) {
    guard let chunks = block.chunks else { return }
    var rest = bytes[...]
    while !rest.isEmpty {
      var chunk =
        open.removeValue(forKey: chunks)
        ?? begin(chunks, block.byteCount, at: start + bytes.count - rest.count)
      let piece = rest.prefix(chunk.goal - chunk.filled)
      UnsafeMutableRawBufferPointer(rebasing: chunk.buffer.memory[chunk.filled...])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: piece))
      chunk.filled += piece.count
      rest = rest.dropFirst(piece.count)
      if chunk.filled < chunk.goal {
        open[chunks] = chunk
        continue
      }
      // What is behind the end of a block, or of a whole tensor, is zero.
      UnsafeMutableRawBufferPointer(rebasing: chunk.buffer.memory[chunk.goal..<chunks.plan.byteCount])
        .initializeMemory(as: UInt8.self, repeating: 0)
      store.append(
        chunk.buffer, byteCount: chunks.plan.byteCount, elementSize: chunks.elementSize,
        dataset: chunks.dataset, chunk: chunks.first + chunk.number)
    }
  }

  /// The chunk of a block that begins with its byte `start`.
  private func begin(_ chunks: BlockChunks, _ byteCount: Int, at start: Int) -> OpenChunk {
    let number = chunks.plan.chunk(ofByte: start, block: byteCount)
    return OpenChunk(
      buffer: store.takeBuffer(), number: number,
      goal: chunks.plan.filledBytes(ofChunk: number, block: byteCount))
  }
}
