internal import Tensors

/// Reads one stored tensor window by window in flat order, and checks every run that it reads to its end.
package final class TensorBlocksReader {
  private let checkpoint: UnitCheckpoint
  private let tensor: IndexedTensor
  private let grid: BlockGrid?
  private var blocks: [OpenBlock] = []
  private var numbers: [Int] = []

  private struct OpenBlock {
    let dataset: Int
    let number: Int
    var read = 0
    let checksum = RunChecksum()
  }

  package init(_ checkpoint: UnitCheckpoint, _ tensor: IndexedTensor) throws(CheckpointError) {
    self.checkpoint = checkpoint
    self.tensor = tensor
    let index = checkpoint.index
    // Before anything is made in proportion to what the index claims, HDF5 must have the bytes too.
    for dataset in tensor.datasets { try checkpoint.checkPresence(ofDataset: dataset) }
    let isWhole = tensor.datasets.allSatisfy {
      index.datasets[$0].owner == .whole || index.datasets[$0].owner == .wholePrivate
    }
    grid = isWhole ? nil : BlockGrid(tensor.spec, cuts: index.cuts(of: tensor))
    for dataset in tensor.datasets {
      for block in index.datasets[dataset].blocks {
        blocks.append(OpenBlock(dataset: dataset, number: block))
      }
    }
    if let grid {
      numbers = grid.blockNumbers(
        coordinates: blocks.map { Array(index.coordinates[index.blocks[$0.number].coordinates]) })
    }
  }

  /// The windows that cover the tensor.
  package func windows(limit: Int) -> [BlockWindow] {
    grid?.windows(limit: limit) ?? BlockGrid.wholeWindows(byteCount: tensor.spec.byteCount, limit: limit)
  }

  /// Fills the start of `flat` with the next window; windows come in their order.
  ///
  /// - Parameter pieces: memory for as many bytes as the window has.
  package func read(
    _ window: BlockWindow, into flat: UnsafeMutableRawBufferPointer, pieces: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    guard let grid, let target = flat.baseAddress, let staging = pieces.baseAddress else {
      guard !blocks.isEmpty else { throw missing() }
      return try read(0, into: UnsafeMutableRawBufferPointer(rebasing: flat[..<window.byteCount]))
    }
    let list = grid.pieces(of: window)
    for (piece, _) in list {
      let number = numbers[piece.rowClass * grid.runs.count + piece.part]
      guard number >= 0 else { throw missing() }
      try read(
        number, into: UnsafeMutableRawBufferPointer(start: staging + piece.offset, count: piece.byteCount))
    }
    grid.move(list, of: window, .piecesToFlat, flat: target, pieces: staging)
  }

  /// Checks that every run was read whole and is what was written.
  package func finish() throws(CheckpointError) {
    for block in blocks {
      let indexed = checkpoint.index.blocks[block.number]
      let found = block.checksum.finish()
      guard block.read == indexed.byteCount else { throw missing() }
      guard found == indexed.checksum else {
        throw .broken(
          .runChecksum, path: checkpoint.path,
          place: checkpoint.place(ofDataset: block.dataset, block: block.number),
          expected: "bytes with checksum \(hex(indexed.checksum))", found: hex(found))
      }
    }
  }

  private func read(_ number: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    let block = blocks[number]
    let indexed = checkpoint.index.blocks[block.number]
    guard buffer.count <= indexed.byteCount - block.read else { throw missing() }
    try checkpoint.read(dataset: block.dataset, at: indexed.offset + block.read, into: buffer)
    block.checksum.update(UnsafeRawBufferPointer(buffer))
    blocks[number].read += buffer.count
  }

  private func missing() -> CheckpointError {
    .broken(
      .blockMissing, path: checkpoint.path, place: "tensor \(tensor.spec.name.quoted)",
      expected: "each of its blocks once",
      found: "a block missing or repeated")
  }

  private func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
