internal import Tensors
package import UnitCheckpoints

/// Reads single tensors of a sub-network: dense, in ascending order of channels.
package struct SubNetworkReader {
  private let checkpoint: UnitCheckpoint

  package init(_ checkpoint: UnitCheckpoint) { self.checkpoint = checkpoint }

  /// Hands over the tensor's bytes in order, in windows of at most 4 MiB or all at once.
  package func forEachWindow(
    of tensor: SubNetworkTensor, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let limit = min(4 << 20, max(1, tensor.spec.byteCount))
    let flat = UnsafeMutableRawBufferPointer.allocate(byteCount: limit, alignment: 4096)
    let pieces = UnsafeMutableRawBufferPointer.allocate(byteCount: limit, alignment: 4096)
    defer {
      flat.deallocate()
      pieces.deallocate()
    }
    let order = try ChannelOrder(tensor, path: checkpoint.path)
    let reader = try TensorBlocksReader(checkpoint, tensor.selection)
    for window in reader.windows(limit: limit) {
      try reader.read(window, into: flat, pieces: pieces)
      let bytes = UnsafeRawBufferPointer(rebasing: flat[..<window.byteCount])
      if let order { order.append(bytes) } else { try body(bytes) }
    }
    try reader.finish()
    if let order { try body(order.ascending()) }
  }
}
