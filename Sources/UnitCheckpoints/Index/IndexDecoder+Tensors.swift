internal import Tensors
internal import UnitModel

extension IndexDecoder {
  mutating func decodeTensors() throws(CheckpointError) {
    guard tables.tensors.count <= LayoutLimits.tensors else {
      throw broken(
        .limit, .tensors, row: LayoutLimits.tensors, "at most \(LayoutLimits.tensors) tensors",
        "\(tables.tensors.count)")
    }
    var seen = Set<TensorName>(minimumCapacity: tables.tensors.count)
    tensors.reserveCapacity(tables.tensors.count)
    var next = 0
    for (number, row) in tables.tensors.enumerated() {
      let dimensions = try range(
        row.dimensions, following: &next, of: .dimensions, tables.dimensions.count, for: .tensors, row: number
      )
      do throws(CheckpointError) {
        tensors.append(try decodeTensor(row, number, dimensions: dimensions, seen: &seen))
      } catch {
        try log.note(error)
        tensors.append(nil)
      }
    }
    try requireNoneLeft(next, of: .dimensions, tables.dimensions.count)
  }

  /// The tensor of a row; nil if one of its cuts is broken and this is in the log.
  private mutating func decodeTensor(
    _ row: TensorRow, _ number: Int, dimensions: Range<Int>, seen: inout Set<TensorName>
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
    guard let digest = SHA256Digest(bytes: row.sha256) else {
      throw broken(.tensorShape, .tensors, row: number, "a digest of 32 bytes", "\(row.sha256.count)")
    }
    let units = try ascendingUnits(row.units, for: .tensors, row: number)
    guard row.scope >= -1, Int(row.scope) < index.scopes.count else {
      throw broken(
        .scope, .tensors, row: number, "a scope below \(index.scopes.count), or -1", "\(row.scope)")
    }
    guard row.tiedTo >= -1, Int(row.tiedTo) < tables.tensors.count, Int(row.tiedTo) != number else {
      throw broken(.tieTarget, .tensors, row: number, "a tie to another tensor, or -1", "\(row.tiedTo)")
    }
    try requireBlockBoundaries(spec, cuts, row: number)
    return IndexedTensor(
      spec: spec, tiedTo: row.tiedTo < 0 ? nil : Int(row.tiedTo), scope: row.scope < 0 ? nil : Int(row.scope),
      digest: digest, cuts: cuts, units: units)
  }

  private mutating func decodeDimensions(
    _ range: Range<Int>, _ tensor: Int
  ) throws(CheckpointError) -> (shape: [Int], cuts: [TensorCut?])? {
    var shape: [Int] = []
    var cuts: [TensorCut?] = []
    // The limit and the reason are the same as for writing: lists have a place for each block.
    var blocks = 1
    for number in range {
      let row = tables.dimensions[number]
      guard let extent = Int(exactly: row.size), row.cut >= -1, Int(row.cut) < self.cuts.count else {
        throw broken(
          .tensorDimension, .dimensions, row: number, "an extent and a cut", "\(row.size), cut \(row.cut)")
      }
      shape.append(extent)
      if row.cut == -1 {
        guard row.firstAxis == 0 else {
          throw broken(
            .tensorDimension, .dimensions, row: number, "no axes without a cut", "axes from \(row.firstAxis)")
        }
        cuts.append(nil)
        continue
      }
      guard let cut = self.cuts[Int(row.cut)] else { return nil }
      guard cut.size == extent else {
        throw broken(
          .tensorDimension, .dimensions, row: number, "an extent and a cut of it",
          "\(extent), cut \(row.cut) of \(cut.size)")
      }
      cuts.append(TensorCut(cut: Int(row.cut), axes: try axes(of: cut, row, number)))
      let (product, overflow) = blocks.multipliedReportingOverflow(by: cut.parts.count)
      guard !overflow, product <= TensorPlacement.blockLimit else {
        throw broken(
          .tensorBlocks, .tensors, row: tensor, "at most \(TensorPlacement.blockLimit) blocks", "more")
      }
      blocks = product
    }
    return (shape, cuts)
  }

  /// The axes of a dimension's cut, by slot.
  private mutating func axes(
    of cut: IndexedCut, _ row: DimensionRow, _ number: Int
  ) throws(CheckpointError) -> [Int] {
    let key = UInt64(row.firstAxis) << 32 | UInt64(cut.slotCount)
    if let known = axisLists[key] { return known }
    let range = try range(
      RowRange(first: row.firstAxis, count: UInt32(clamping: cut.slotCount)), of: .cutAxes,
      tables.cutAxes.count, for: .dimensions, row: number)
    let list = tables.cutAxes[range].map { Int($0) }
    guard zip(list, list.dropFirst()).allSatisfy({ $0 < $1 }), (list.last ?? -1) < index.axes.count else {
      throw broken(
        .axis, .dimensions, row: number, "axes below \(index.axes.count), ascending", "\(list.prefix(8))")
    }
    axisNumbers += list.count
    guard axisNumbers <= LayoutLimits.axisNumbers else {
      throw broken(
        .limit, .dimensions, row: number, "at most \(LayoutLimits.axisNumbers) axes of different cuts",
        "more")
    }
    axisLists[key] = list
    return list
  }

  /// Throws if a cut of elements that share bytes is not between two of the dtype's blocks.
  private mutating func requireBlockBoundaries(
    _ spec: TensorSpec, _ cuts: [TensorCut?], row: Int
  ) throws(CheckpointError) {
    guard spec.dtype.bytes == nil, spec.elementCount > 0,
      let last = cuts.lastIndex(where: { ($0.flatMap { self.cuts[$0.cut] }?.parts.count ?? 1) > 1 }),
      let number = cuts[last]?.cut, let cut = self.cuts[number]
    else { return }
    // Only the rest of a division by a block's elements matters.
    let block = spec.dtype.block.elements
    let inner = spec.shape[(last + 1)...].reduce(1) { $0 * ($1 % block) % block }
    guard blockCuts.insert([number, inner, block]).inserted else { return }
    var position = 0
    for segment in cut.segments {
      position += segment.length
      guard inner * (position % block) % block == 0 else {
        let unit = spec.dtype.isBlockQuantised ? "block" : "byte"
        throw broken(
          .tensorDimension, .tensors, row: row, "a cut of \(spec.dtype.rawValue) between \(unit)s",
          "one inside a \(unit) in dimension \(last)")
      }
    }
  }

  mutating func checkTies() throws(CheckpointError) {
    for (number, tensor) in tensors.enumerated() {
      guard let tensor, let tie = tensor.tiedTo, let other = tensors[tie] else { continue }
      guard other.tiedTo == nil, other.spec.dtype == tensor.spec.dtype, other.spec.shape == tensor.spec.shape,
        other.cuts == tensor.cuts, other.units == tensor.units, other.scope == tensor.scope,
        other.digest == tensor.digest, other.reordered == tensor.reordered
      else {
        try log.note(
          broken(
            .tieDisagrees, .tensors, row: number,
            "a tie to an untied tensor of the same dtype, shape, cut, units, scope and digest",
            "\(other.spec.name.quoted)"))
        continue
      }
    }
  }
}
