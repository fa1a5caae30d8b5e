internal import ByteFiles
internal import HDF5Kit
internal import Tensors
internal import UnitModel

/// The groups, datasets and attributes of a checkpoint, as libhdf5 has made them, and where their bytes go.
struct CheckpointSkeleton {
  /// Of the tables, then of the stored headers; nil for one without bytes.
  private(set) var tableAddresses: [Int?] = []
  /// Of the index of a set of shards; nil where there is none.
  private(set) var shardIndexAddress: Int?
  private(set) var sealAddress = 0
  /// Of the datasets in chunks, by row, the addresses of their object headers.
  private var headerAddresses: [Int: Int] = [:]

  /// Creates everything in `memory`.
  ///
  /// - Parameter created: told the address of each tensor dataset, row by row; nil for one that is empty or in chunks.
  init(
    in memory: MemoryFile, contents: CheckpointContents, index: IndexBuilder, created: (Int?) -> Void
  ) throws(HDF5Error) {
    let tables = LayoutV1.Table.allCases
    let skeleton = try HDF5SkeletonWriter(
      memory: memory, datasetCount: index.datasets.count + tables.count + contents.headers.count + 2,
      hasChunks: index.chunkPlans.contains { $0 != nil })
    try skeleton.writeRootAttribute(
      LayoutV1.formatAttribute, type: .string(length: LayoutV1.formatValue.utf8.count),
      bytes: Array(LayoutV1.formatValue.utf8))
    var version = ByteWriter()
    // The lowest version that has what the file needs, so that older readers know what they may expect.
    var lowest = contents.shardIndex == nil ? LayoutV1.version : LayoutV1.shardsVersion
    if contents.hasGraph { lowest = LayoutV1.graphVersion }
    if contents.ownerMaps.contains(where: { $0 != nil }) { lowest = LayoutV1.ownersVersion }
    for number in lowest { version.append(number) }
    try skeleton.writeRootAttribute(
      LayoutV1.versionAttribute, type: .array(.u32, [LayoutV1.version.count]), bytes: version.bytes)

    try skeleton.createGroup(LayoutV1.metadataGroup)
    for table in tables {
      let (type, rows) = index.layout(of: table, contents: contents)
      tableAddresses.append(
        try skeleton.createDataset(table.rawValue, in: LayoutV1.metadataGroup, type: type, shape: [rows]))
    }
    if !contents.headers.isEmpty { try skeleton.createGroup(LayoutV1.headersGroup) }
    for (shard, header) in contents.headers.enumerated() {
      tableAddresses.append(
        try skeleton.createDataset(
          String(shard), in: LayoutV1.headersGroup, type: .u8, shape: [header.count]))
    }
    if let index = contents.shardIndex {
      shardIndexAddress = try skeleton.createDataset(
        LayoutV1.shardIndex, in: LayoutV1.metadataGroup, type: .u8, shape: [index.count])
    }
    guard
      let address = try skeleton.createDataset(
        LayoutV1.seal, in: LayoutV1.metadataGroup, type: SealRow.elementType, shape: [])
    else { throw .library(call: "H5Dget_offset", message: "no address for \(LayoutV1.seal)") }
    sealAddress = address
    try createTensorDatasets(in: skeleton, contents: contents, index: index, created: created)
    try skeleton.close()
  }

  private mutating func createTensorDatasets(
    in skeleton: HDF5SkeletonWriter, contents: CheckpointContents, index: IndexBuilder,
    created: (Int?) -> Void
  ) throws(HDF5Error) {
    let links = contents.tensors.map { LinkName.escaped($0.spec.name) }
    var nameBytes: [Int64: Int] = [:]
    for row in index.datasets {
      nameBytes[row.owner, default: 0] += (links[Int(row.tensor)].utf8.count + 8) & ~7
    }
    if nameBytes.keys.contains(where: { $0 >= 0 }) { try skeleton.createGroup(LayoutV1.unitsGroup) }
    for (owner, count) in nameBytes.sorted(by: { $0.key < $1.key }) {
      if let group = DatasetOwner(code: owner)?.group { try skeleton.createGroup(group, nameBytes: count) }
    }
    for (number, row) in index.datasets.enumerated() {
      let spec = contents.tensors[Int(row.tensor)].spec
      guard let owner = DatasetOwner(code: row.owner) else {
        created(nil)
        continue
      }
      let (type, needsAttribute) = spec.dtype.storage
      let (link, shape) = (links[Int(row.tensor)], index.shape(ofDataset: number, spec))
      let attributes = needsAttribute ? [(LayoutV1.dtypeAttribute, spec.dtype.rawValue)] : []
      if let chunks = index.chunkPlans[number] {
        headerAddresses[number] = try skeleton.createDataset(
          link, in: owner.group, type: type, shape: shape, chunkShape: chunks.shape, attributes: attributes)
        created(nil)
      } else {
        created(
          try skeleton.createDataset(
            link, in: owner.group, type: type, shape: shape, attributes: attributes))
      }
    }
  }

  /// Writes the indexes of the chunks behind the last of them, and into the skeleton where they are.
  ///
  /// - Parameters:
  ///   - places: of each dataset in chunks, by row, where its chunks are.
  ///   - end: where the last chunk ends.
  func complete(
    _ file: AtomicFile, index: IndexBuilder, contents: CheckpointContents, places: [Int: [ChunkPlace?]],
    end: Int
  ) throws(HDF5Error) {
    if headerAddresses.isEmpty { return }
    var end = (end + 7) & ~7
    let written: ReadableFile
    do throws(FileError) { written = try file.readable() } catch { throw .file(error) }
    let skeleton = try HDF5SkeletonFile(written)
    for (number, address) in headerAddresses.sorted(by: { $0.key < $1.key }) {
      guard let plan = index.chunkPlans[number] else { continue }
      let spec = contents.tensors[Int(index.datasets[number].tensor)].spec
      let tree = ChunkTree(
        shape: index.shape(ofDataset: number, spec), chunkShape: plan.shape,
        elementSize: spec.dtype.storage.type.size)
      let chunks = (places[number] ?? []).compactMap { $0 }
      guard chunks.count == tree.chunkCount else {
        throw .library(call: "chunks", message: "\(chunks.count) instead of \(tree.chunkCount) were written")
      }
      let (nodes, root) = tree.nodes(chunks, at: end)
      let place = try skeleton.indexPlace(ofDatasetAt: address)
      do throws(FileError) {
        try file.write(nodes, at: end)
        try file.write(Self.word(root), at: place)
      } catch { throw .file(error) }
      end += nodes.count
    }
    do throws(FileError) { try file.write(Self.word(end), at: HDF5SkeletonFile.endPlace) } catch {
      throw .file(error)
    }
  }

  private static func word(_ value: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt64(value).littleEndian) { Array($0) }
  }
}
