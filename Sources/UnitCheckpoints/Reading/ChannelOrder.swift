internal import TensorStreams
internal import Tensors

/// Sorts the compact dimensions of a tensor from its task's order of units into ascending order of channels.
///
/// Blocks are read in the order in which they are stored, so the whole tensor is collected first.
struct ChannelOrder {
  private let spec: TensorSpec
  private let reorderings: [DimensionReordering]

  /// The largest tensor, in bytes, that is reordered. Heads and norms are far smaller, and memory stays limited.
  static let byteLimit = 48 << 20

  /// Returns nil for a tensor whose channels are already in ascending order. Throws if it is too large, or if its
  /// channels are not whole bytes.
  init?(_ tensor: SubNetworkTensor, path: String) throws(CheckpointError) {
    guard !tensor.reorderings.isEmpty, tensor.spec.byteCount > 0 else { return nil }
    spec = tensor.spec
    reorderings = tensor.reorderings
    let place = "tensor \(tensor.selection.spec.name.quoted)"
    guard spec.byteCount <= Self.byteLimit else {
      throw .unsupported(
        path: path, place: place,
        expected:
          "at most \(Self.byteLimit.grouped) bytes for a tensor with \"feature_order\": \"task\"",
        found: "\(spec.byteCount.grouped)")
    }
    for reordering in reorderings {
      let inside = spec.shape[(reordering.dimension + 1)...].reduce(1, *)
      guard inside % spec.dtype.block.elements == 0,
        reordering.positionCount == spec.shape[reordering.dimension]
      else {
        throw .unsupported(
          path: path, place: "\(place), dimension \(reordering.dimension)",
          expected: "channels of whole bytes for a tensor with \"feature_order\": \"task\"",
          found: "\(inside) elements of \(spec.dtype.rawValue)")
      }
    }
  }

  /// Reads all bytes of the tensor as they are stored, and returns them in ascending order of channels.
  func ascending(_ reader: TensorBlocksReader) throws(CheckpointError) -> MemoryReader {
    var bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: spec.byteCount, alignment: 64)
    var scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: spec.byteCount, alignment: 64)
    defer { scratch.deallocate() }
    do throws(CheckpointError) { try reader.read(into: bytes) } catch {
      bytes.deallocate()
      throw error
    }
    for reordering in reorderings {
      let inside = spec.dtype.byteCount(
        ofElements: spec.shape[(reordering.dimension + 1)...].reduce(1, *))
      let channel = reordering.inner * inside
      let repetition = reordering.channelCount * channel
      var target = 0
      for start in stride(from: 0, to: spec.byteCount, by: repetition) {
        for run in reordering.runs {
          let piece = bytes[(start + run.source * channel)...].prefix(run.count * channel)
          UnsafeMutableRawBufferPointer(rebasing: scratch[target...]).copyMemory(from: .init(rebasing: piece))
          target += piece.count
        }
      }
      swap(&bytes, &scratch)
    }
    return MemoryReader(taking: bytes)
  }
}
