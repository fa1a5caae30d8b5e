internal import Tensors
internal import UnitModel

/// Turns the tables into an index and refuses whatever does not fit together.
struct IndexDecoder {
  private let path: String
  private let tables: IndexTables
  private var index = CheckpointIndex()

  /// The index in `tables`, of the file at `path`.
  static func decode(_ tables: IndexTables, path: String) throws(CheckpointError) -> CheckpointIndex {
    var decoder = IndexDecoder(path: path, tables: tables)
    try decoder.decodeCuts()
    try decoder.decodeTensors()
    decoder.index.coordinates = tables.coordinates
    try decoder.decodeDatasets()
    return decoder.index
  }

  private init(path: String, tables: IndexTables) {
    self.path = path
    self.tables = tables
  }

  private func broken(_ table: LayoutV1.Table, row: Int, _ expected: String, _ found: String)
    -> CheckpointError
  {
    .broken(path: path, place: "\(table.path) row \(row)", expected: expected, found: found)
  }

  /// `first..<first + count` when it lies in `0..<limit`.
  private func range(
    _ first: UInt64, _ count: UInt64, limit: Int, _ table: LayoutV1.Table, row: Int, of what: LayoutV1.Table
  ) throws(CheckpointError) -> Range<Int> {
    let (end, overflow) = first.addingReportingOverflow(count)
    guard !overflow, end <= UInt64(limit) else {
      throw broken(table, row: row, "rows of \(what.path) below \(limit)", "\(count) from \(first)")
    }
    return Int(first)..<Int(end)
  }

  private func name(at offset: UInt64, _ table: LayoutV1.Table, row: Int) throws(CheckpointError) -> String {
    let names = tables.names
    guard offset <= UInt64(names.count), names.count - Int(offset) >= 4 else {
      throw broken(table, row: row, "a name inside \(LayoutV1.Table.names.path)", "offset \(offset)")
    }
    let start = Int(offset) + 4
    let length = (0..<4).reduce(0) { $0 | Int(names[Int(offset) + $1]) << (8 * $1) }
    guard length <= names.count - start,
      let text = String(validating: names[start..<start + length], as: UTF8.self)
    else {
      throw broken(
        table, row: row, "a UTF-8 name inside \(LayoutV1.Table.names.path)", "\(length) other bytes")
    }
    return text
  }

  private mutating func decodeCuts() throws(CheckpointError) {
    for (number, row) in tables.cuts.enumerated() {
      let partRows = try range(
        row.firstPart, row.partCount, limit: tables.parts.count, .cuts, row: number, of: .parts)
      var parts: [DimensionPart] = []
      for part in partRows {
        let (unit, axis) = (tables.parts[part].unit, tables.parts[part].axis)
        if unit == -1 && axis == -1 {
          parts.append(.common)
        } else if (0..<Int64(Partition.unitLimit)).contains(unit), axis >= 0 {
          parts.append(
            .unit(UnitID(Int(unit)), axis: AxisName(try name(at: UInt64(axis), .parts, row: part))))
        } else {
          throw broken(.parts, row: part, "a unit and its axis, or -1 twice", "unit \(unit), axis \(axis)")
        }
      }
      var sizes = [Int](repeating: 0, count: parts.count)
      var segments: [(part: Int, length: Int)] = []
      var size = 0
      for segment in try range(
        row.firstSegment, row.segmentCount, limit: tables.segments.count, .cuts, row: number, of: .segments)
      {
        let (part, length) = (tables.segments[segment].part, tables.segments[segment].length)
        guard part < UInt64(parts.count), length > 0, length <= UInt64(ChannelAxis.sizeLimit - size) else {
          throw broken(
            .segments, row: segment, "a part below \(parts.count) and a length", "\(part), \(length)")
        }
        sizes[Int(part)] += Int(length)
        size += Int(length)
        segments.append((Int(part), Int(length)))
      }
      index.cuts.append(IndexedCut(parts: parts, partSizes: sizes, segments: segments, size: size))
    }
  }

  private mutating func decodeTensors() throws(CheckpointError) {
    var nextDataset = 0
    var seen = Set<TensorName>(minimumCapacity: tables.tensors.count)
    for (number, row) in tables.tensors.enumerated() {
      let name = TensorName(try name(at: row.name, .tensors, row: number))
      guard seen.insert(name).inserted else {
        throw broken(.tensors, row: number, "every name once", "\(name.quoted) again")
      }
      guard let dtype = DType(rawValue: row.dtype) else {
        throw broken(.tensors, row: number, "a dtype", "\(TensorName(row.dtype).quoted)")
      }
      var shape: [Int] = []
      var cuts: [Int?] = []
      for dimension in try range(
        row.firstDimension, row.rank, limit: tables.dimensions.count, .tensors, row: number, of: .dimensions)
      {
        let (extent, cut) = (tables.dimensions[dimension].size, tables.dimensions[dimension].cut)
        guard let extent = Int(exactly: extent), cut >= -1, cut < Int64(index.cuts.count),
          cut == -1 || index.cuts[Int(cut)].size == extent
        else {
          throw broken(.dimensions, row: dimension, "an extent and a cut of it", "\(extent), cut \(cut)")
        }
        shape.append(extent)
        cuts.append(cut == -1 ? nil : Int(cut))
      }
      let spec: TensorSpec
      do throws(TensorError) { spec = try TensorSpec(name: name, dtype: dtype, shape: shape) } catch {
        throw broken(.tensors, row: number, "a tensor", "\(error)")
      }
      guard UInt64(spec.byteCount) == row.bytes, let digest = SHA256Digest(bytes: row.sha256) else {
        throw broken(.tensors, row: number, "\(spec.byteCount) bytes", "\(row.bytes)")
      }
      let datasets = try range(
        row.firstDataset, row.datasetCount, limit: tables.datasets.count, .tensors, row: number, of: .datasets
      )
      guard datasets.isEmpty || datasets.lowerBound == nextDataset, row.tiedTo == -1 || datasets.isEmpty
      else {
        throw broken(.tensors, row: number, "datasets from row \(nextDataset)", "from \(datasets.lowerBound)")
      }
      nextDataset = max(nextDataset, datasets.upperBound)
      index.tensors.append(
        IndexedTensor(
          spec: spec, tiedTo: try tie(row.tiedTo, row: number), digest: digest, cuts: cuts, datasets: datasets
        ))
    }
    guard nextDataset == tables.datasets.count else {
      throw broken(.datasets, row: nextDataset, "a tensor that it belongs to", "none")
    }
    try checkTies()
  }

  private func tie(_ tiedTo: Int64, row: Int) throws(CheckpointError) -> Int? {
    if tiedTo == -1 { return nil }
    guard tiedTo >= 0, tiedTo < Int64(tables.tensors.count), tiedTo != Int64(row) else {
      throw broken(.tensors, row: row, "a tie to another tensor", "\(tiedTo)")
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
          .tensors, row: number, "a tie to an untied tensor of the same dtype, shape, cut and digest",
          "\(other.spec.name.quoted)")
      }
    }
  }
}

extension IndexDecoder {
  private mutating func decodeDatasets() throws(CheckpointError) {
    var nextBlock = 0
    for (number, tensor) in index.tensors.enumerated() where tensor.tiedTo == nil {
      var total = 0
      let cuts = index.cuts(of: tensor)
      for dataset in tensor.datasets {
        let row = tables.datasets[dataset]
        guard row.tensor == UInt64(number), let owner = DatasetOwner(code: row.owner) else {
          throw broken(
            .datasets, row: dataset, "tensor \(number) and an owner", "\(row.tensor), \(row.owner)")
        }
        let blocks = try range(
          row.firstBlock, row.blockCount, limit: tables.blocks.count, .datasets, row: dataset, of: .blocks)
        guard blocks.lowerBound == nextBlock else {
          throw broken(.datasets, row: dataset, "blocks from row \(nextBlock)", "from \(blocks.lowerBound)")
        }
        nextBlock = blocks.upperBound
        var offset = 0
        for block in blocks {
          try decodeBlock(block, offset: offset, spec: tensor.spec, cuts: cuts, owner: owner)
          offset += index.blocks[block].byteCount
        }
        guard row.bytes == UInt64(offset), row.contiguous <= 1,
          row.address == .max || row.address <= UInt64(Int.max) - row.bytes
        else {
          throw broken(
            .datasets, row: dataset, "\(offset) bytes at an address", "\(row.bytes) at \(row.address)")
        }
        total += offset
        index.datasets.append(
          IndexedDataset(
            tensor: number, owner: owner,
            address: row.contiguous == 1 && row.address != .max ? Int(row.address) : nil, byteCount: offset,
            blocks: blocks))
      }
      guard total == tensor.spec.byteCount else {
        throw broken(.tensors, row: number, "blocks of \(tensor.spec.byteCount) bytes together", "\(total)")
      }
    }
    guard nextBlock == tables.blocks.count else {
      throw broken(.blocks, row: nextBlock, "a dataset that it belongs to", "none")
    }
  }

  private mutating func decodeBlock(
    _ number: Int, offset: Int, spec: TensorSpec, cuts: [(dimension: Int, cut: IndexedCut)],
    owner: DatasetOwner
  ) throws(CheckpointError) {
    let row = tables.blocks[number]
    let range = try range(
      row.firstCoordinate, row.coordinateCount, limit: tables.coordinates.count, .blocks, row: number,
      of: .coordinates)
    var byteCount = spec.byteCount
    if owner != .whole && owner != .wholePrivate {
      guard range.count == cuts.count, !cuts.isEmpty, spec.elementCount > 0 else {
        throw broken(.blocks, row: number, "\(cuts.count) coordinates", "\(range.count)")
      }
      // The part sizes divide a tensor whose size is known to fit, so the product fits too.
      var elements = 1
      for (dimension, extent) in spec.shape.enumerated() {
        if let place = cuts.firstIndex(where: { $0.dimension == dimension }) {
          let part = index.coordinates[range.lowerBound + place]
          guard part < cuts[place].cut.parts.count else {
            throw broken(.blocks, row: number, "a part below \(cuts[place].cut.parts.count)", "\(part)")
          }
          elements *= cuts[place].cut.partSizes[part]
        } else {
          elements *= extent
        }
      }
      byteCount = elements * spec.dtype.bits / 8
      let first = cuts[0].cut.parts[index.coordinates[range.lowerBound]]
      guard owner == (first.unit.map { .unit($0.index) } ?? .common) else {
        throw broken(.blocks, row: number, "a block of its dataset's owner", "one of another's")
      }
    }
    guard row.offset == UInt64(offset), row.bytes == UInt64(byteCount) else {
      throw broken(
        .blocks, row: number, "\(byteCount) bytes at \(offset)", "\(row.bytes) at \(row.offset)")
    }
    index.blocks.append(
      IndexedBlock(offset: offset, byteCount: byteCount, checksum: row.xxh3, coordinates: range))
  }
}
