internal import Tensors

/// Reads one stored tensor, or what a sub-network has of it, window by window in flat order, and checks every run
/// that it reads to its end.
///
/// Of a sub-network only the active blocks are read; the bytes of others are never touched.
package final class TensorBlocksReader {
  private let checkpoint: UnitCheckpoint
  private let selection: TensorSelection
  private let grid: BlockGrid?
  private var blocks: [OpenBlock] = []
  private var numbers: [Int] = []
  /// Puts elements with owners in their places, or takes out what a mask leaves; nil for other tensors.
  private var picking: ElementPicking?

  private struct OpenBlock {
    let dataset: Int
    let number: Int
    var read = 0
    /// Of what was read, as soon as that is all of the block.
    var checksum: UInt64?
    /// While some of the block was read: most are read at once, and a state takes more than a small block.
    var state: RunChecksum?
  }

  /// Pieces that lie one after the other in the file and in the buffer, so that one read fetches them.
  private struct Stretch {
    let dataset: Int
    /// Where it starts in the dataset.
    let start: Int
    var bytes: Range<Int>

    func piece(of buffer: UnsafeMutableRawBufferPointer) -> DatasetPiece {
      DatasetPiece(
        dataset: dataset, offset: start, target: UnsafeMutableRawBufferPointer(rebasing: buffer[bytes]))
    }
  }

  /// Reads all of a tensor.
  package convenience init(_ checkpoint: UnitCheckpoint, _ tensor: IndexedTensor) throws(CheckpointError) {
    try self.init(checkpoint, TensorSelection(all: tensor, of: checkpoint.index))
  }

  /// Reads what is selected of a tensor.
  package init(_ checkpoint: UnitCheckpoint, _ selection: TensorSelection) throws(CheckpointError) {
    self.checkpoint = checkpoint
    self.selection = selection
    let index = checkpoint.index
    if let owners = selection.owners {
      grid = nil
      try open(owners)
      return
    }
    let isStoredWhole = selection.tensor.datasets.contains { index.datasets[$0].owner.isWhole }
    grid = isStoredWhole ? nil : BlockGrid(selection)
    var coordinates: [[Int]] = []
    for dataset in selection.tensor.datasets {
      var isNeeded = isStoredWhole
      for block in index.datasets[dataset].blocks {
        // The coordinates of a whole tensor are units, and say who uses it, not where it lies.
        let stored = isStoredWhole ? [] : index.coordinates[index.blocks[block].coordinates]
        guard let kept = selection.coordinates(of: stored) else { continue }
        isNeeded = true
        blocks.append(OpenBlock(dataset: dataset, number: block))
        coordinates.append(kept)
      }
      // Before anything is made in proportion to what the index claims, HDF5 must have the bytes too.
      if isNeeded { try checkpoint.checkPresence(ofDataset: dataset) }
    }
    if let grid { numbers = grid.blockNumbers(coordinates: coordinates) }
    if let mask = selection.mask, isStoredWhole {
      picking = try ElementPicking(checkpoint, selection.spec, map: mask)
    }
  }

  /// Opens the datasets of the owners that are kept.
  private func open(_ owners: TensorSelection.Owners) throws(CheckpointError) {
    numbers = [Int](repeating: -1, count: 256)
    for dataset in selection.tensor.datasets {
      guard let owner = checkpoint.index.datasets[dataset].owner.ownerNumber, owners.keeps[owner] else {
        continue
      }
      numbers[owner] = blocks.count
      // Opening has seen one block in each.
      for number in checkpoint.index.datasets[dataset].blocks {
        blocks.append(OpenBlock(dataset: dataset, number: number))
      }
      try checkpoint.checkPresence(ofDataset: dataset)
    }
    picking = try ElementPicking(checkpoint, selection.spec, map: owners.map)
  }

  deinit {
    checkpoint.close(selection.tensor.datasets)
    if let map = picking?.map { checkpoint.close(map.datasets) }
  }

  /// The windows that cover what is read.
  package func windows(limit: Int) -> [BlockWindow] {
    if let picking { return picking.windows(limit: limit) }
    return grid?.windows(limit: limit)
      ?? BlockGrid.wholeWindows(byteCount: selection.spec.byteCount, limit: limit)
  }

  /// Fills the start of `flat` with the next window; windows come in their order.
  ///
  /// - Parameter pieces: memory for as many bytes as the window has.
  package func read(
    _ window: BlockWindow, into flat: UnsafeMutableRawBufferPointer, pieces: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    if let owners = selection.owners { return try read(window, by: owners, into: flat, pieces: pieces) }
    guard let grid, let target = flat.baseAddress, let staging = pieces.baseAddress else {
      guard blocks.count == 1 else { throw missing() }
      let bytes = UnsafeMutableRawBufferPointer(rebasing: flat[..<window.byteCount])
      guard let start = nextByte(of: 0, count: bytes.count) else { throw missing() }
      try checkpoint.read([DatasetPiece(dataset: blocks[0].dataset, offset: start, target: bytes)])
      advance(0, over: UnsafeRawBufferPointer(bytes))
      if let picking { try picking.clear(bytes, of: window) }
      return
    }
    let list = grid.pieces(of: window)
    var stretches: [DatasetPiece] = []
    var stretch: Stretch?
    for (piece, _) in list {
      let number = numbers[piece.rowClass * grid.runs.count + piece.part]
      guard number >= 0, let start = nextByte(of: number, count: piece.byteCount) else { throw missing() }
      let dataset = blocks[number].dataset
      let end = piece.offset + piece.byteCount
      if let open = stretch, open.dataset == dataset, open.start + open.bytes.count == start {
        stretch?.bytes = open.bytes.lowerBound..<end
      } else {
        if let stretch { stretches.append(stretch.piece(of: pieces)) }
        stretch = Stretch(dataset: dataset, start: start, bytes: piece.offset..<end)
      }
    }
    if let stretch { stretches.append(stretch.piece(of: pieces)) }
    try checkpoint.read(stretches)
    for (piece, _) in list {
      advance(
        numbers[piece.rowClass * grid.runs.count + piece.part],
        over: UnsafeRawBufferPointer(start: staging + piece.offset, count: piece.byteCount))
    }
    grid.move(list, of: window, .piecesToFlat, flat: target, pieces: staging)
  }

  /// The next window of a tensor whose elements are packed by owner.
  private func read(
    _ window: BlockWindow, by owners: TensorSelection.Owners, into flat: UnsafeMutableRawBufferPointer,
    pieces: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    guard let picking else { throw missing() }
    let target = UnsafeMutableRawBufferPointer(rebasing: flat[..<window.byteCount])
    let packing = OwnerPacking(try picking.load(window), width: picking.width) { owners.keeps[$0] }
    var stretches: [DatasetPiece] = []
    for (owner, bytes) in packing.ranges {
      guard numbers[owner] >= 0, let start = nextByte(of: numbers[owner], count: bytes.count) else {
        throw picking.disagreement(selection.tensor.spec, owner: owner)
      }
      stretches.append(
        DatasetPiece(
          dataset: blocks[numbers[owner]].dataset, offset: start,
          target: UnsafeMutableRawBufferPointer(rebasing: pieces[bytes])))
    }
    try checkpoint.read(stretches)
    for (owner, bytes) in packing.ranges {
      advance(numbers[owner], over: UnsafeRawBufferPointer(rebasing: pieces[bytes]))
    }
    guard let flat = target.baseAddress else { return }
    // Without pieces there may be nothing to take a pointer to, and none is looked at.
    packing.move(.piecesToFlat, flat: flat, pieces: pieces.baseAddress ?? flat)
  }

  /// Checks that every run was read whole and is what was written.
  package func finish() throws(CheckpointError) {
    if let picking { try picking.finish() }
    for (owner, number) in numbers.enumerated() where selection.owners != nil && number >= 0 {
      if blocks[number].read != checkpoint.index.blocks[blocks[number].number].byteCount, let picking {
        throw picking.disagreement(selection.tensor.spec, owner: owner)
      }
    }
    for block in blocks {
      let indexed = checkpoint.index.blocks[block.number]
      guard block.read == indexed.byteCount else { throw missing() }
      let found = block.checksum ?? RunChecksum.of(UnsafeRawBufferPointer(start: nil, count: 0))
      guard found == indexed.checksum else {
        throw .broken(
          .runChecksum, path: checkpoint.path,
          place: checkpoint.place(ofDataset: block.dataset, block: block.number),
          expected: "bytes with checksum \(hex(indexed.checksum))", found: hex(found))
      }
    }
  }

  /// Where the next bytes of a block are in its dataset; nil when it does not have so many.
  private func nextByte(of number: Int, count: Int) -> Int? {
    let block = blocks[number]
    let indexed = checkpoint.index.blocks[block.number]
    return count <= indexed.byteCount - block.read ? indexed.offset + block.read : nil
  }

  /// Takes note of the next bytes of a block.
  private func advance(_ number: Int, over bytes: UnsafeRawBufferPointer) {
    let byteCount = checkpoint.index.blocks[blocks[number].number].byteCount
    if bytes.count == byteCount {
      blocks[number].checksum = RunChecksum.of(bytes)
    } else {
      let state = blocks[number].state ?? RunChecksum()
      state.update(bytes)
      blocks[number].state = state
      if blocks[number].read + bytes.count == byteCount {
        blocks[number].checksum = state.finish()
        blocks[number].state = nil
      }
    }
    blocks[number].read += bytes.count
  }

  private func missing() -> CheckpointError {
    .broken(
      .blockMissing, path: checkpoint.path, place: "tensor \(selection.tensor.spec.name.quoted)",
      expected: "each of its blocks once",
      found: "a block missing or repeated")
  }

  private func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
