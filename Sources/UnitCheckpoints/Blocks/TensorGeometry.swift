internal import Tensors

/// The division of a tensor's flat bytes into blocks: boxes of positions, sets of elements, or a single block.
///
/// A block's elements are in ascending flat order. So any window of the flat bytes contains one contiguous piece of
/// each block, and the pieces of a block come in order.
package protocol TensorGeometry {
  /// The windows that cover the tensor in flat order, none larger than `limit` bytes.
  func windows(limit: Int) -> [BlockWindow]
  /// The pieces of a window, in the order in which `move` places them.
  ///
  /// - Parameter map: for elements with owners, one byte for each element of the window; it must stay valid as long as
  ///   the result.
  func pieces(of window: BlockWindow, map: UnsafeRawBufferPointer) -> any WindowPieces
}

/// The piece of one block in a window.
package struct BlockPiece {
  /// The number of the block.
  package let block: Int
  /// The piece's offset in the buffer of pieces, and its length.
  package let offset: Int
  package let byteCount: Int
}

/// A window's pieces: the same bytes in another order.
package protocol WindowPieces {
  var pieces: [BlockPiece] { get }
  /// Whether the pieces are already in flat order, so that nothing has to be moved.
  var isInPlace: Bool { get }
  /// Moves the bytes between flat order and pieces; both sides must have room for them.
  func move(_ direction: MoveDirection, flat: UnsafeMutableRawPointer, pieces: UnsafeMutableRawPointer)
}

extension WindowPieces {
  package var isInPlace: Bool { false }
}

/// The direction of a move.
package enum MoveDirection { case flatToPieces, piecesToFlat }

/// A tensor that is one block.
struct SingleBlock: TensorGeometry {
  let byteCount: Int

  func windows(limit: Int) -> [BlockWindow] {
    stride(from: 0, to: byteCount, by: limit).map { BlockWindow(bytes: $0..<min($0 + limit, byteCount)) }
  }

  func pieces(of window: BlockWindow, map: UnsafeRawBufferPointer) -> any WindowPieces {
    WindowInPlace(pieces: [BlockPiece(block: 0, offset: 0, byteCount: window.byteCount)])
  }
}

private struct WindowInPlace: WindowPieces {
  let pieces: [BlockPiece]
  var isInPlace: Bool { true }

  func move(_: MoveDirection, flat: UnsafeMutableRawPointer, pieces: UnsafeMutableRawPointer) {}
}

/// A tensor whose elements have owners; each owner with elements has one block.
struct OwnedElements: TensorGeometry {
  let byteCount: Int
  /// Bytes of an element.
  let width: Int
  /// For each owner, the number of its block; −1 for an owner whose elements are zero in the flat tensor.
  let blocks: [Int]

  /// The windows; each ends between two elements.
  func windows(limit: Int) -> [BlockWindow] {
    SingleBlock(byteCount: byteCount).windows(limit: max(width, limit / width * width))
  }

  func pieces(of window: BlockWindow, map: UnsafeRawBufferPointer) -> any WindowPieces {
    let packing = OwnerPacking(map, width: width) { blocks[$0] >= 0 }
    return OwnedPieces(
      packing: packing,
      pieces: packing.ranges.map {
        BlockPiece(block: blocks[$0.owner], offset: $0.bytes.lowerBound, byteCount: $0.bytes.count)
      })
  }
}

private struct OwnedPieces: WindowPieces {
  let packing: OwnerPacking
  let pieces: [BlockPiece]

  func move(
    _ direction: MoveDirection, flat: UnsafeMutableRawPointer, pieces: UnsafeMutableRawPointer
  ) { packing.move(direction, flat: flat, pieces: pieces) }
}

extension BlockWindow {
  /// A range of a tensor that is not cut into rows.
  package init(bytes: Range<Int>) { self.init(rows: 0..<1, columns: bytes) }
}

extension CheckpointIndex {
  /// The geometry of a whole stored tensor; blocks have the numbers that `SectionMap.blocks` gives them.
  package func geometry(ofTensor number: Int) -> any TensorGeometry {
    let tensor = tensors[number]
    if let owners = tensor.owners {
      var blocks = [Int](repeating: -1, count: 256)
      for (place, count) in owners.counts.enumerated() { blocks[count.owner] = place }
      return OwnedElements(
        byteCount: tensor.spec.byteCount, width: tensor.spec.dtype.bytes ?? 1, blocks: blocks)
    }
    let cuts = cuts(of: tensor).map {
      BlockGrid.Cut(dimension: $0.dimension, partCount: $0.cut.parts.count, segments: $0.cut.segments)
    }
    return BlockGrid(tensor.spec, cuts: cuts) ?? SingleBlock(byteCount: tensor.spec.byteCount)
  }
}
