internal import Tensors
internal import UnitModel

/// Turns the tables into an index and refuses whatever does not fit together.
struct IndexDecoder {
  private let path: String
  private let tables: IndexTables
  private var index = CheckpointIndex()
  private var rows: RowOwnership
  private var names: NameDecoder

  /// The index in `tables`, of the file at `path` with its size in bytes.
  static func decode(
    _ tables: IndexTables, path: String, fileSize: Int
  ) throws(CheckpointError) -> CheckpointIndex {
    var decoder = IndexDecoder(path: path, tables: tables)
    try decoder.decodeCuts()
    try decoder.decodeTensors()
    decoder.index.coordinates = tables.coordinates
    try decoder.decodeDatasets(fileSize: fileSize)
    try decoder.rows.checkAllOwned()
    return decoder.index
  }

  private init(path: String, tables: IndexTables) {
    self.path = path
    self.tables = tables
    rows = RowOwnership(path: path, tables: tables)
    names = NameDecoder(path: path, bytes: tables.names)
  }

  private func broken(
    _ defect: CheckpointDefect, _ table: LayoutV1.Table, row: Int, _ expected: String, _ found: String
  ) -> CheckpointError {
    .broken(defect, path: path, table: table, row: row, expected: expected, found: found)
  }

  private mutating func decodeCuts() throws(CheckpointError) {
    for (number, row) in tables.cuts.enumerated() {
      var parts: [DimensionPart] = []
      for part in try rows.take(row.firstPart, row.partCount, of: .parts, for: .cuts, row: number) {
        parts.append(try decodePart(part))
      }
      var sizes = [Int](repeating: 0, count: parts.count)
      var segments: [(part: Int, length: Int)] = []
      var size = 0
      for segment in try rows.take(row.firstSegment, row.segmentCount, of: .segments, for: .cuts, row: number)
      {
        let (part, length) = (tables.segments[segment].part, tables.segments[segment].length)
        guard part < UInt64(parts.count), length > 0, length <= UInt64(ChannelAxis.sizeLimit - size) else {
          throw broken(
            .cutSegment, .segments, row: segment, "a part below \(parts.count) and a length",
            "\(part), \(length)")
        }
        sizes[Int(part)] += Int(length)
        size += Int(length)
        segments.append((Int(part), Int(length)))
      }
      index.cuts.append(IndexedCut(parts: parts, partSizes: sizes, segments: segments, size: size))
    }
  }

  private mutating func decodePart(_ number: Int) throws(CheckpointError) -> DimensionPart {
    let (unit, axis) = (tables.parts[number].unit, tables.parts[number].axis)
    if unit == -1 && axis == -1 { return .common }
    guard (0..<Int64(Partition.unitLimit)).contains(unit), axis >= 0 else {
      throw broken(
        .cutPart, .parts, row: number, "a unit and its axis, or -1 twice", "unit \(unit), axis \(axis)")
    }
    let name = try names.name(at: UInt64(axis), isShared: true, for: .parts, row: number)
    return .unit(UnitID(Int(unit)), axis: AxisName(name))
  }

  private mutating func decodeTensors() throws(CheckpointError) {
    var seen = Set<TensorName>(minimumCapacity: tables.tensors.count)
    for (number, row) in tables.tensors.enumerated() {
      let name = TensorName(try names.name(at: row.name, isShared: false, for: .tensors, row: number))
      guard seen.insert(name).inserted else {
        throw broken(.tensorName, .tensors, row: number, "every name once", "\(name.quoted) again")
      }
      guard let dtype = DType(rawValue: row.dtype) else {
        throw broken(.tensorDType, .tensors, row: number, "a dtype", "\(TensorName(row.dtype).quoted)")
      }
      let (shape, cuts) = try decodeDimensions(row, number)
      let spec: TensorSpec
      do throws(TensorError) { spec = try TensorSpec(name: name, dtype: dtype, shape: shape) } catch {
        throw broken(.tensorShape, .tensors, row: number, "a tensor", "\(error)")
      }
      guard UInt64(spec.byteCount) == row.bytes, let digest = SHA256Digest(bytes: row.sha256) else {
        throw broken(.tensorBytes, .tensors, row: number, "\(spec.byteCount) bytes", "\(row.bytes)")
      }
      let datasets = try rows.take(
        row.firstDataset, row.datasetCount, of: .datasets, for: .tensors, row: number)
      let tie = try tie(row.tiedTo, datasets: datasets, row: number)
      index.tensors.append(
        IndexedTensor(spec: spec, tiedTo: tie, digest: digest, cuts: cuts, datasets: datasets))
    }
    try checkTies()
  }

  private mutating func decodeDimensions(
    _ row: TensorRow, _ number: Int
  ) throws(CheckpointError) -> (shape: [Int], cuts: [Int?]) {
    var shape: [Int] = []
    var cuts: [Int?] = []
    // The same limit as on writing, and for the same reason: tables are made with a place per block.
    var blocks = 1
    for dimension in try rows.take(
      row.firstDimension, row.rank, of: .dimensions, for: .tensors, row: number)
    {
      let (extent, cut) = (tables.dimensions[dimension].size, tables.dimensions[dimension].cut)
      guard let extent = Int(exactly: extent), cut >= -1, cut < Int64(index.cuts.count),
        cut == -1 || index.cuts[Int(cut)].size == extent
      else {
        throw broken(
          .tensorDimension, .dimensions, row: dimension, "an extent and a cut of it", "\(extent), cut \(cut)")
      }
      shape.append(extent)
      cuts.append(cut == -1 ? nil : Int(cut))
      if cut == -1 { continue }
      let (product, overflow) = blocks.multipliedReportingOverflow(by: index.cuts[Int(cut)].parts.count)
      guard !overflow, product <= TensorPlacement.blockLimit else {
        throw broken(
          .tensorBlocks, .tensors, row: number, "at most \(TensorPlacement.blockLimit) blocks", "more")
      }
      blocks = product
    }
    return (shape, cuts)
  }

  private func tie(_ tiedTo: Int64, datasets: Range<Int>, row: Int) throws(CheckpointError) -> Int? {
    if tiedTo == -1 { return nil }
    guard tiedTo >= 0, tiedTo < Int64(tables.tensors.count), tiedTo != Int64(row), datasets.isEmpty else {
      throw broken(
        .tieTarget, .tensors, row: row, "a tie to another tensor, without datasets",
        "\(tiedTo), \(datasets.count) datasets")
    }
    return Int(tiedTo)
  }

  private func checkTies() throws(CheckpointError) {
    for (number, tensor) in index.tensors.enumerated() {
      guard let tie = tensor.tiedTo else { continue }
      let other = index.tensors[tie]
      guard other.tiedTo == nil, other.spec.dtype == tensor.spec.dtype, other.spec.shape == tensor.spec.shape,
        other.cuts == tensor.cuts, other.digest == tensor.digest
      else {
        throw broken(
          .tieDisagrees, .tensors, row: number,
          "a tie to an untied tensor of the same dtype, shape, cut and digest",
          "\(other.spec.name.quoted)")
      }
    }
  }
}

extension IndexDecoder {
  private mutating func decodeDatasets(fileSize: Int) throws(CheckpointError) {
    // No stored byte stands for more than 1,032 others (deflate); more is a promise that reading would try to keep.
    let (product, overflow) = fileSize.multipliedReportingOverflow(by: 1100)
    var budget = overflow ? Int.max : product
    for (number, tensor) in index.tensors.enumerated() where tensor.tiedTo == nil {
      guard tensor.spec.byteCount <= budget else {
        throw broken(
          .datasetTotal, .tensors, row: number, "at most \(budget) more bytes in a file of \(fileSize)",
          "\(tensor.spec.byteCount)")
      }
      budget -= tensor.spec.byteCount
      let cuts = index.cuts(of: tensor)
      var left = tensor.spec.byteCount
      var owners = Set<DatasetOwner>()
      for dataset in tensor.datasets {
        let row = tables.datasets[dataset]
        guard row.tensor == UInt64(number), let owner = DatasetOwner(code: row.owner),
          owners.insert(owner).inserted, !owner.isWhole || tensor.datasets.count == 1
        else {
          throw broken(
            .datasetOwner, .datasets, row: dataset, "tensor \(number) and an owner of its own",
            "\(row.tensor), \(row.owner)")
        }
        let blocks = try rows.take(
          row.firstBlock, row.blockCount, of: .blocks, for: .datasets, row: dataset)
        var offset = 0
        for block in blocks {
          try decodeBlock(block, offset: offset, spec: tensor.spec, cuts: cuts, owner: owner)
          let byteCount = index.blocks[block].byteCount
          guard byteCount <= left else { throw blockTotal(tensor.spec, number, "more") }
          left -= byteCount
          offset += byteCount
        }
        try decodeDataset(row, dataset, owner: owner, byteCount: offset, blocks: blocks)
      }
      guard left == 0 else {
        throw blockTotal(tensor.spec, number, "\(tensor.spec.byteCount - left)")
      }
    }
  }

  private mutating func decodeDataset(
    _ row: DatasetRow, _ number: Int, owner: DatasetOwner, byteCount: Int, blocks: Range<Int>
  ) throws(CheckpointError) {
    guard row.bytes == UInt64(byteCount), row.contiguous <= 1,
      row.address == .max || row.address <= UInt64(Int.max) - row.bytes
    else {
      throw broken(
        .datasetExtent, .datasets, row: number, "\(byteCount) bytes at an address",
        "\(row.bytes) at \(row.address)")
    }
    index.datasets.append(
      IndexedDataset(
        tensor: Int(row.tensor), owner: owner,
        address: row.contiguous == 1 && row.address != .max ? Int(row.address) : nil, byteCount: byteCount,
        blocks: blocks))
  }

  private func blockTotal(_ spec: TensorSpec, _ tensor: Int, _ found: String) -> CheckpointError {
    broken(.blockTotal, .tensors, row: tensor, "blocks of \(spec.byteCount) bytes together", found)
  }

  private mutating func decodeBlock(
    _ number: Int, offset: Int, spec: TensorSpec, cuts: [(dimension: Int, cut: IndexedCut)],
    owner: DatasetOwner
  ) throws(CheckpointError) {
    let row = tables.blocks[number]
    let range = try rows.take(
      row.firstCoordinate, row.coordinateCount, of: .coordinates, for: .blocks, row: number)
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
    guard row.offset == UInt64(offset), row.bytes == UInt64(byteCount) else {
      throw broken(
        .blockExtent, .blocks, row: number, "\(byteCount) bytes at \(offset)",
        "\(row.bytes) at \(row.offset)")
    }
    index.blocks.append(
      IndexedBlock(offset: offset, byteCount: byteCount, checksum: row.xxh3, coordinates: range))
  }
}
