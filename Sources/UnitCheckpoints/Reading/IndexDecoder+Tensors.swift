internal import Tensors
internal import UnitModel

extension IndexDecoder {
  mutating func decodeTensors() throws(CheckpointError) {
    var seen = Set<TensorName>(minimumCapacity: tables.tensors.count)
    tensors.reserveCapacity(tables.tensors.count)
    for (number, row) in tables.tensors.enumerated() {
      let dimensions = try rows.take(
        row.firstDimension, row.rank, of: .dimensions, for: .tensors, row: number)
      let datasets = try rows.take(
        row.firstDataset, row.datasetCount, of: .datasets, for: .tensors, row: number)
      do throws(CheckpointError) {
        tensors.append(
          try decodeTensor(row, number, dimensions: dimensions, datasets: datasets, seen: &seen))
      } catch {
        try log.note(error)
        tensors.append(nil)
      }
    }
    try checkTies()
  }

  /// The tensor of a row; nil when one of its cuts is known to be broken.
  private mutating func decodeTensor(
    _ row: TensorRow, _ number: Int, dimensions: Range<Int>, datasets: Range<Int>,
    seen: inout Set<TensorName>
  ) throws(CheckpointError) -> IndexedTensor? {
    let name = TensorName(try names.name(at: row.name, isShared: false, for: .tensors, row: number))
    guard seen.insert(name).inserted else {
      throw broken(.tensorName, .tensors, row: number, "every name once", "\(name.quoted) again")
    }
    guard let dtype = DType(rawValue: row.dtype) else {
      throw broken(.tensorDType, .tensors, row: number, "a dtype", "\(TensorName(row.dtype).quoted)")
    }
    guard let (shape, cuts) = try decodeDimensions(dimensions, number) else { return nil }
    let spec: TensorSpec
    do throws(TensorError) { spec = try TensorSpec(name: name, dtype: dtype, shape: shape) } catch {
      throw broken(.tensorShape, .tensors, row: number, "a tensor", "\(error)")
    }
    guard UInt64(spec.byteCount) == row.bytes, let digest = SHA256Digest(bytes: row.sha256) else {
      throw broken(.tensorBytes, .tensors, row: number, "\(spec.byteCount) bytes", "\(row.bytes)")
    }
    let tie = try tie(row.tiedTo, datasets: datasets, row: number)
    return IndexedTensor(spec: spec, tiedTo: tie, digest: digest, cuts: cuts, datasets: datasets)
  }

  private mutating func decodeDimensions(
    _ range: Range<Int>, _ tensor: Int
  ) throws(CheckpointError) -> (shape: [Int], cuts: [Int?])? {
    var shape: [Int] = []
    var cuts: [Int?] = []
    // The same limit as on writing, and for the same reason: tables are made with a place per block.
    var blocks = 1
    for dimension in range {
      let (extent, number) = (tables.dimensions[dimension].size, tables.dimensions[dimension].cut)
      guard let extent = Int(exactly: extent), number >= -1, number < Int64(index.cuts.count) else {
        throw broken(
          .tensorDimension, .dimensions, row: dimension, "an extent and a cut", "\(extent), cut \(number)")
      }
      shape.append(extent)
      cuts.append(number == -1 ? nil : Int(number))
      if number == -1 { continue }
      guard let cut = cut(Int(number)) else { return nil }
      guard cut.size == extent else {
        throw broken(
          .tensorDimension, .dimensions, row: dimension, "an extent and a cut of it",
          "\(extent), cut \(number) of \(cut.size)")
      }
      let (product, overflow) = blocks.multipliedReportingOverflow(by: cut.parts.count)
      guard !overflow, product <= TensorPlacement.blockLimit else {
        throw broken(
          .tensorBlocks, .tensors, row: tensor, "at most \(TensorPlacement.blockLimit) blocks", "more")
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

  private mutating func checkTies() throws(CheckpointError) {
    for (number, tensor) in tensors.enumerated() {
      guard let tensor, let tie = tensor.tiedTo, let other = tensors[tie] else { continue }
      guard other.tiedTo == nil, other.spec.dtype == tensor.spec.dtype, other.spec.shape == tensor.spec.shape,
        other.cuts == tensor.cuts, other.digest == tensor.digest
      else {
        try log.note(
          broken(
            .tieDisagrees, .tensors, row: number,
            "a tie to an untied tensor of the same dtype, shape, cut and digest",
            "\(other.spec.name.quoted)"))
        continue
      }
    }
  }
}
