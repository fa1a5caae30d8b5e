internal import Tensors
internal import UnitModel

extension IndexDecoder {
  mutating func decodeDatasets(fileSize: Int) throws(CheckpointError) {
    // No stored byte stands for more than 1,032 others (deflate); more is a promise that reading would try to keep.
    let (product, overflow) = fileSize.multipliedReportingOverflow(by: 1100)
    var budget = overflow ? Int.max : product
    for (number, row) in tables.tensors.enumerated() where tensors[number]?.tiedTo == nil {
      // In range: `decodeTensors` has taken these rows.
      let datasets = Int(row.firstDataset)..<Int(row.firstDataset + row.datasetCount)
      guard let tensor = tensors[number] else {
        // Its rows are passed over, so that those of the next tensor are found.
        for dataset in datasets {
          for block in try takeBlocks(of: dataset) { _ = try takeCoordinates(of: block) }
        }
        continue
      }
      guard tensor.spec.byteCount <= budget else {
        throw broken(
          .datasetTotal, .tensors, row: number, "at most \(budget) more bytes in a file of \(fileSize)",
          "\(tensor.spec.byteCount)")
      }
      budget -= tensor.spec.byteCount
      try decodeDatasets(of: tensor, number)
    }
  }

  private mutating func takeBlocks(of dataset: Int) throws(CheckpointError) -> Range<Int> {
    let row = tables.datasets[dataset]
    return try rows.take(row.firstBlock, row.blockCount, of: .blocks, for: .datasets, row: dataset)
  }

  private mutating func takeCoordinates(of block: Int) throws(CheckpointError) -> Range<Int> {
    let row = tables.blocks[block]
    return try rows.take(row.firstCoordinate, row.coordinateCount, of: .coordinates, for: .blocks, row: block)
  }

  private mutating func decodeDatasets(
    of tensor: IndexedTensor, _ number: Int
  ) throws(CheckpointError) {
    let cuts = index.cuts(of: tensor)
    var left = tensor.spec.byteCount
    var owners = Set<DatasetOwner>()
    var isSound = true
    for dataset in tensor.datasets {
      let row = tables.datasets[dataset]
      let blocks = try takeBlocks(of: dataset)
      // The first block whose coordinates have not been taken: they are passed over when one before it is broken.
      var next = blocks.lowerBound
      do throws(CheckpointError) {
        guard row.tensor == UInt64(number), let owner = DatasetOwner(code: row.owner),
          owners.insert(owner).inserted, !owner.isWhole || tensor.datasets.count == 1
        else {
          throw broken(
            .datasetOwner, .datasets, row: dataset, "tensor \(number) and an owner of its own",
            "\(row.tensor), \(row.owner)")
        }
        var offset = 0
        for block in blocks {
          let range = try takeCoordinates(of: block)
          next = block + 1
          let decoded: IndexedBlock
          if cuts.isEmpty, owner.ownerNumber != nil, blocks.count == 1 {
            decoded = try decodeOwnedBlock(
              block, coordinates: range, spec: tensor.spec, number: number, owner: owner)
          } else {
            decoded = try decodeBlock(
              block, coordinates: range, offset: offset, hasGaps: row.contiguous == 0, spec: tensor.spec,
              cuts: cuts, owner: owner)
          }
          guard decoded.byteCount <= left else { throw blockTotal(tensor.spec, number, "more") }
          left -= decoded.byteCount
          offset = decoded.offset + decoded.byteCount
          index.blocks.append(decoded)
        }
        index.datasets.append(
          try decodeDataset(row, dataset, owner: owner, byteCount: offset, blocks: blocks))
      } catch {
        try log.note(error)
        isSound = false
        for block in next..<blocks.upperBound { _ = try takeCoordinates(of: block) }
      }
    }
    // A block that was left out above is missing here too, and is not told twice.
    if isSound && left != 0 {
      try log.note(blockTotal(tensor.spec, number, "\(tensor.spec.byteCount - left)"))
    }
  }

  private func decodeDataset(
    _ row: DatasetRow, _ number: Int, owner: DatasetOwner, byteCount: Int, blocks: Range<Int>
  ) throws(CheckpointError) -> IndexedDataset {
    guard row.bytes == UInt64(byteCount), row.contiguous <= 1,
      row.address == .max || row.contiguous == 1 && row.address <= UInt64(Int.max) - row.bytes
    else {
      throw broken(
        .datasetExtent, .datasets, row: number, "\(byteCount) bytes at an address",
        "\(row.bytes) at \(row.address)")
    }
    return IndexedDataset(
      tensor: Int(row.tensor), owner: owner,
      address: row.contiguous == 1 && row.address != .max ? Int(row.address) : nil,
      isChunked: row.contiguous == 0, byteCount: byteCount, blocks: blocks)
  }

  private func blockTotal(_ spec: TensorSpec, _ tensor: Int, _ found: String) -> CheckpointError {
    broken(.blockTotal, .tensors, row: tensor, "blocks of \(spec.byteCount) bytes together", found)
  }

  private func decodeBlock(
    _ number: Int, coordinates range: Range<Int>, offset: Int, hasGaps: Bool, spec: TensorSpec,
    cuts: [(dimension: Int, cut: IndexedCut)], owner: DatasetOwner
  ) throws(CheckpointError) -> IndexedBlock {
    let row = tables.blocks[number]
    var byteCount = spec.byteCount
    if !owner.isWhole {
      guard range.count == cuts.count, !cuts.isEmpty, spec.elementCount > 0 else {
        throw broken(
          .blockCoordinates, .blocks, row: number, "\(cuts.count) coordinates", "\(range.count)")
      }
      // The part sizes divide a tensor whose size is known to fit, so the product fits too.
      var elements = 1
      for (dimension, extent) in spec.shape.enumerated() {
        if let place = cuts.firstIndex(where: { $0.dimension == dimension }) {
          let part = index.coordinates[range.lowerBound + place]
          guard part < cuts[place].cut.parts.count else {
            throw broken(
              .blockPart, .blocks, row: number, "a part below \(cuts[place].cut.parts.count)", "\(part)")
          }
          elements *= cuts[place].cut.partSizes[part]
        } else {
          elements *= extent
        }
      }
      byteCount = elements * spec.dtype.bits / 8
      let first = cuts[0].cut.parts[index.coordinates[range.lowerBound]]
      guard owner == (first.unit.map { .unit($0.index) } ?? .common) else {
        throw broken(.blockOwner, .blocks, row: number, "a block of its dataset's owner", "one of another's")
      }
    }
    // A block in chunks begins with one, and so perhaps behind the end of the block before.
    let isPlaced = hasGaps ? row.offset >= UInt64(offset) : row.offset == UInt64(offset)
    guard isPlaced, row.bytes == UInt64(byteCount), row.offset <= UInt64(Int.max - byteCount) else {
      throw broken(
        .blockExtent, .blocks, row: number, "\(byteCount) bytes at \(offset)\(hasGaps ? " or behind" : "")",
        "\(row.bytes) at \(row.offset)")
    }
    return IndexedBlock(offset: Int(row.offset), byteCount: byteCount, checksum: row.xxh3, coordinates: range)
  }
}
