internal import Glibc
internal import Tensors

/// Reads one stored tensor, or what a network has of it, window by window in flat order.
///
/// Of a network only the active blocks are read, and what shares a page with them.
package final class TensorBlocksReader {
  private let checkpoint: UnitCheckpoint
  private let selection: TensorSelection
  private let geometry: any TensorGeometry
  /// By the geometry's numbers.
  private let blocks: [BlockPlace]
  /// Bytes of each block that were read.
  private var read: [Int]
  /// Who owns each element; nil for a tensor whose elements have no owners.
  private let owners: MapReader?
  /// Which elements are kept; nil where no mask is laid on.
  private let mask: MapReader?

  /// Reads all of the tensor in row `number`.
  package convenience init(_ checkpoint: UnitCheckpoint, _ number: Int) throws(CheckpointError) {
    try self.init(checkpoint, TensorSelection(all: number, of: checkpoint.index))
  }

  /// Reads what is selected of a tensor.
  package init(_ checkpoint: UnitCheckpoint, _ selection: TensorSelection) throws(CheckpointError) {
    self.checkpoint = checkpoint
    self.selection = selection
    let index = checkpoint.index
    let (geometry, numbers) = selection.geometry(index)
    let stored = checkpoint.map.blocks(ofTensor: selection.number)
    self.geometry = geometry
    blocks = numbers.map { $0.compactMap { stored.indices.contains($0) ? stored[$0] : nil } } ?? stored
    read = [Int](repeating: 0, count: blocks.count)
    // Before anything is made in proportion to what the index claims, HDF5 must have the bytes too.
    for section in Set(blocks.map(\.section)) { try checkpoint.checkPresence(ofSection: section) }
    let storedTensor = index.tensors[selection.number]
    owners = try storedTensor.owners.map { (owners) throws(CheckpointError) in
      try MapReader(checkpoint, owners.map, of: selection.spec)
    }
    mask = try selection.mask.map { (mask) throws(CheckpointError) in
      try MapReader(checkpoint, mask, of: selection.spec)
    }
  }

  /// The windows that cover what is read.
  package func windows(limit: Int) -> [BlockWindow] {
    guard mask != nil else { return geometry.windows(limit: limit) }
    // A mask has a byte for each element.
    let width = selection.spec.dtype.bytes ?? 1
    return geometry.windows(limit: max(width, limit / width * width))
  }

  /// Fills the start of `flat` with the next window; windows come in their order.
  ///
  /// - Parameter pieces: memory for as many bytes as the window has.
  package func read(
    _ window: BlockWindow, into flat: UnsafeMutableRawBufferPointer,
    pieces staging: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    let flat = UnsafeMutableRawBufferPointer(rebasing: flat[..<window.byteCount])
    let width = selection.spec.dtype.bytes ?? 1
    let map = try owners?.next(window.byteCount / width) ?? UnsafeRawBufferPointer(start: nil, count: 0)
    let cut = geometry.pieces(of: window, map: map)
    let target = cut.isInPlace ? flat : staging
    for piece in cut.pieces {
      guard blocks.indices.contains(piece.block),
        piece.byteCount <= blocks[piece.block].byteCount - read[piece.block]
      else { throw disagreement() }
      let place = blocks[piece.block]
      try checkpoint.read(
        section: place.section, at: place.offset + read[piece.block],
        into: UnsafeMutableRawBufferPointer(rebasing: target[piece.offset..<piece.offset + piece.byteCount]))
      read[piece.block] += piece.byteCount
    }
    if !cut.isInPlace, let flat = flat.baseAddress {
      // Without pieces there may be nothing to take a pointer to, and none is looked at.
      cut.move(.piecesToFlat, flat: flat, pieces: staging.baseAddress ?? flat)
    }
    if let mask { try mask.clear(flat, width: width) }
  }

  /// Checks that every block was read to its end.
  package func finish() throws(CheckpointError) {
    for (block, count) in zip(blocks, read) where count != block.byteCount { throw disagreement() }
  }

  /// The owner map and the numbers of elements do not agree: geometry and blocks follow from the same cuts otherwise.
  private func disagreement() -> CheckpointError {
    .broken(
      .ownerMap, path: checkpoint.path, place: "tensor \(selection.spec.name.quoted)",
      expected: "as many elements of each owner as /\(Layout.Table.owned.path) gives",
      found: "another number in its owner map")
  }
}

/// Reads a tensor of bytes beside another, one for each element.
private final class MapReader {
  private let reader: TensorBlocksReader
  private let byteCount: Int
  private var done = 0
  private var bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  init(_ checkpoint: UnitCheckpoint, _ number: Int, of spec: TensorSpec) throws(CheckpointError) {
    let stored = checkpoint.index.stored(number)
    reader = try TensorBlocksReader(checkpoint, stored)
    byteCount = checkpoint.index.tensors[stored].spec.byteCount
  }

  deinit { bytes.deallocate() }

  /// The next bytes; they are there until the next are read.
  func next(_ count: Int) throws(CheckpointError) -> UnsafeRawBufferPointer {
    // A map has as many bytes as its tensor has elements: opening has seen that.
    let count = min(count, byteCount - done)
    if bytes.count != count {
      bytes.deallocate()
      bytes = .allocate(byteCount: count, alignment: 64)
    }
    if count > 0 { try reader.read(BlockWindow(bytes: done..<done + count), into: bytes, pieces: bytes) }
    done += count
    return UnsafeRawBufferPointer(bytes)
  }

  /// Makes zeros of the elements for which the mask has 0.
  func clear(_ flat: UnsafeMutableRawBufferPointer, width: Int) throws(CheckpointError) {
    for (element, byte) in try next(flat.count / width).enumerated() where byte == 0 {
      if let target = flat.baseAddress { memset(target + element * width, 0, width) }
    }
  }
}
