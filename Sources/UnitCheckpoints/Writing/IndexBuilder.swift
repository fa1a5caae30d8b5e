internal import HDF5Kit
internal import Tensors
internal import UnitModel

/// The index tables of a checkpoint while it is written.
///
/// All but addresses, digests and checksums is known before the first byte moves; those are filled in later.
struct IndexBuilder {
  private(set) var names: [UInt8] = []
  private(set) var tensors: [TensorRow] = []
  private(set) var dimensions: [DimensionRow] = []
  private(set) var cuts: [CutRow] = []
  private(set) var parts: [PartRow] = []
  private(set) var segments: [SegmentRow] = []
  private(set) var datasets: [DatasetRow] = []
  private(set) var blocks: [BlockRow] = []
  private(set) var coordinates: [UInt32] = []
  /// Per dataset how it is cut into chunks; nil for a contiguous one.
  private(set) var chunkPlans: [ChunkPlan?] = []

  private let isCompressed: Bool
  private var knownCuts: [DimensionCut: Int] = [:]
  private var knownAxes: [AxisName: Int] = [:]

  /// - Parameter isCompressed: whether datasets that are large enough are cut into chunks.
  init(isCompressed: Bool) { self.isCompressed = isCompressed }

  /// Appends a tensor with its datasets and blocks; `tiedTo` and `ownerMap` name earlier or later rows.
  mutating func append(_ placement: TensorPlacement, tiedTo: Int?, ownerMap: Int? = nil) {
    let spec = placement.spec
    let owned = tiedTo == nil ? Self.datasets(of: placement) : []
    let row = TensorRow(
      name: UInt64(append(name: spec.name.text)), dtype: spec.dtype.rawValue,
      firstDimension: UInt64(dimensions.count), rank: UInt64(spec.shape.count),
      firstDataset: UInt64(datasets.count), datasetCount: UInt64(owned.count),
      tiedTo: tiedTo.map(Int64.init) ?? -1, bytes: UInt64(spec.byteCount),
      sha256: [UInt8](repeating: 0, count: 32))
    for (extent, cut) in zip(spec.shape, placement.cuts) {
      dimensions.append(DimensionRow(size: UInt64(extent), cut: cut.map { Int64(append(cut: $0)) } ?? -1))
    }
    for (owner, list) in owned {
      let first = blocks.count
      // Only a tensor that is one block may end inside a byte.
      let byteCounts = list.map {
        $0.elementCount == spec.elementCount ? spec.byteCount : $0.elementCount * spec.dtype.bits / 8
      }
      let chunks = chunkPlan(of: placement, owner: owner, blocks: byteCounts)
      var offset = 0
      for (block, byteCount) in zip(list, byteCounts) {
        if let chunks, !owner.isWhole { offset = chunks.blockOffset(offset) }
        var numbers = block.parts.isEmpty ? block.units.map(\.index) : block.parts
        if let ownerMap, let number = owner.ownerNumber { numbers = [ownerMap, number] }
        blocks.append(
          BlockRow(
            offset: UInt64(offset), bytes: UInt64(byteCount), xxh3: 0,
            firstCoordinate: UInt64(coordinates.count),
            coordinateCount: UInt64(numbers.count)))
        coordinates += numbers.map(UInt32.init)
        offset += byteCount
      }
      datasets.append(
        DatasetRow(
          tensor: UInt64(tensors.count), owner: owner.code, address: .max, bytes: UInt64(offset),
          contiguous: chunks == nil ? 1 : 0, firstBlock: UInt64(first), blockCount: UInt64(list.count)))
      chunkPlans.append(chunks)
    }
    tensors.append(row)
  }

  private func chunkPlan(of placement: TensorPlacement, owner: DatasetOwner, blocks: [Int]) -> ChunkPlan? {
    if !isCompressed { return nil }
    return owner.isWhole
      ? .whole(placement.spec)
      : .blocks(
        blocks, elementSize: placement.spec.dtype.storage.type.size, openCount: placement.openBlockCount)
  }

  mutating func setAddress(_ address: Int?, ofDataset index: Int) {
    datasets[index].address = address.map(UInt64.init) ?? .max
  }

  /// The extents of a dataset: of a whole tensor its own, else all that its blocks take.
  func shape(ofDataset number: Int, _ spec: TensorSpec) -> [Int] {
    let row = datasets[number]
    let isWhole = DatasetOwner(code: row.owner)?.isWhole ?? false
    return isWhole ? spec.wholeDatasetShape : [Int(row.bytes) / spec.dtype.storage.type.size]
  }

  mutating func set(_ sums: TensorSums, ofTensor index: Int) {
    tensors[index].sha256 = sums.sha256.bytes
    let row = tensors[index]
    var block = Int(row.firstDataset) < datasets.count ? Int(datasets[Int(row.firstDataset)].firstBlock) : 0
    for sum in sums.blocks {
      blocks[block].xxh3 = sum
      block += 1
    }
  }

  /// The datasets a tensor is stored in: one per owner of its blocks, or one for all of it.
  private static func datasets(of placement: TensorPlacement) -> [(owner: DatasetOwner, blocks: [Block])] {
    if placement.owners != nil, placement.spec.elementCount > 0 {
      return placement.storage.map { ($0.owner.map { .unit($0.index) } ?? .free, $0.blocks) }
    }
    if placement.cutDimensions.isEmpty || placement.spec.elementCount == 0 {
      return [(placement.scope.isPrivate ? .wholePrivate : .whole, placement.blocks)]
    }
    return placement.storage.map { ($0.owner.map { .unit($0.index) } ?? .common, $0.blocks) }
  }

  private mutating func append(name: String) -> Int {
    let offset = names.count
    var writer = ByteWriter()
    writer.append(UInt32(name.utf8.count))
    names += writer.bytes
    names += Array(name.utf8)
    return offset
  }

  private mutating func append(cut: DimensionCut) -> Int {
    if let known = knownCuts[cut] { return known }
    let index = cuts.count
    cuts.append(
      CutRow(
        firstPart: UInt64(parts.count), partCount: UInt64(cut.parts.count),
        firstSegment: UInt64(segments.count),
        segmentCount: UInt64(cut.segments.count)))
    for part in cut.parts {
      switch part {
      case .common: parts.append(PartRow(unit: -1, axis: -1))
      case .unit(let unit, let axis):
        parts.append(PartRow(unit: Int64(unit.index), axis: Int64(append(axis: axis))))
      }
    }
    for segment in cut.segments {
      segments.append(SegmentRow(part: UInt64(segment.part), length: UInt64(segment.length)))
    }
    knownCuts[cut] = index
    return index
  }

  private mutating func append(axis: AxisName) -> Int {
    if let known = knownAxes[axis] { return known }
    let offset = append(name: axis.text)
    knownAxes[axis] = offset
    return offset
  }
}

extension IndexBuilder {
  /// The element type and the number of rows of a table that comes from the tensors.
  func layout(of table: LayoutV1.Table, contents: CheckpointContents) -> (type: HDF5ElementType, rows: Int) {
    switch table {
    case .names: (.u8, names.count)
    case .tensors: (TensorRow.elementType, tensors.count)
    case .dimensions: (DimensionRow.elementType, dimensions.count)
    case .cuts: (CutRow.elementType, cuts.count)
    case .parts: (PartRow.elementType, parts.count)
    case .segments: (SegmentRow.elementType, segments.count)
    case .datasets: (DatasetRow.elementType, datasets.count)
    case .blocks: (BlockRow.elementType, blocks.count)
    case .coordinates: (.u32, coordinates.count)
    case .plan: (.u8, contents.plan.count)
    case .source: (.u8, contents.source.count)
    }
  }

  /// The bytes of a table.
  func bytes(of table: LayoutV1.Table, contents: CheckpointContents) -> [UInt8] {
    switch table {
    case .names: names
    case .tensors: Self.encode(tensors)
    case .dimensions: Self.encode(dimensions)
    case .cuts: Self.encode(cuts)
    case .parts: Self.encode(parts)
    case .segments: Self.encode(segments)
    case .datasets: Self.encode(datasets)
    case .blocks: Self.encode(blocks)
    case .coordinates: coordinates.flatMap { withUnsafeBytes(of: $0.littleEndian) { Array($0) } }
    case .plan: contents.plan
    case .source: contents.source
    }
  }

  private static func encode(_ rows: [some IndexRow]) -> [UInt8] {
    var writer = ByteWriter()
    for row in rows { row.encode(into: &writer) }
    return writer.bytes
  }
}
