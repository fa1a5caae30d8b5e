internal import ByteFiles
internal import HDF5Kit
internal import Tensors

/// The groups, datasets and attributes of a checkpoint, made by libhdf5, and the addresses of their bytes.
struct CheckpointSkeleton {
  /// The addresses of the tables, then those of the stored headers; nil for one without bytes.
  private(set) var tableAddresses: [Int?] = []
  /// The address of the index of a set of shards; nil if there is none.
  private(set) var shardIndexAddress: Int?
  private(set) var sealAddress = 0
  /// The address of each section's bytes; nil for a section that is empty or in chunks.
  private(set) var addresses: [Int?] = []
  /// For each section in chunks: its chunks, its shape, and the address of its object header.
  private var chunked: [(section: Int, plan: ChunkPlan, shape: [Int], header: Int)] = []

  /// Creates everything in `memory`.
  ///
  /// - Parameter plans: the chunks of each section; nil for a contiguous one.
  init(
    in memory: NamelessFile, contents: CheckpointContents, tables: IndexTables, index: CheckpointIndex,
    map: SectionMap, plans: [ChunkPlan?]
  ) throws(HDF5Error) {
    let skeleton = try HDF5SkeletonWriter(
      memory: memory,
      // Only a file of a set has the table `part`.
      datasetCount: map.sections.count + Layout.Table.allCases.count - (contents.part == nil ? 1 : 0)
        + contents.headers.count + 2,
      hasChunks: plans.contains { $0 != nil })
    let format = Array((contents.part == nil ? Layout.formatValue : Layout.partFormatValue).utf8)
    try skeleton.writeRootAttribute(
      Layout.formatAttribute, type: .string(length: format.count), bytes: format)
    var version = ByteWriter()
    for number in Layout.version { version.append(number) }
    try skeleton.writeRootAttribute(
      Layout.versionAttribute, type: .u32, shape: [Layout.version.count], bytes: version.bytes)
    try createTables(in: skeleton, contents, tables)
    for (number, section) in map.sections.enumerated() {
      let names = section.key.steps(in: index)
      let group = try Self.createGroups(names.dropLast(), in: skeleton)
      let spec = section.key.tensor.map { index.tensors[$0].spec }
      let (type, needsAttribute) = section.key.dtype.storage
      let shape = spec?.wholeDatasetShape ?? [section.byteCount / type.size]
      let attributes =
        spec != nil && needsAttribute ? [(Layout.dtypeAttribute, section.key.dtype.rawValue)] : []
      if let plan = plans[number] {
        let header = try skeleton.createDataset(
          names[names.count - 1], in: group, type: type, shape: shape, chunkShape: plan.shape,
          attributes: attributes)
        chunked.append((number, plan, shape, header))
        addresses.append(nil)
      } else {
        addresses.append(
          try skeleton.createDataset(
            names[names.count - 1], in: group, type: type, shape: shape, attributes: attributes))
      }
    }
    try skeleton.close()
    if chunked.isEmpty { return }
    let made: ReadableFile
    do throws(FileError) { made = try memory.readable(as: "the skeleton") } catch { throw .file(error) }
    let patch = try HDF5SkeletonFile.extensionPatch(of: made)
    do throws(FileError) { for (bytes, place) in patch { try memory.write(bytes, at: place) } } catch {
      throw .file(error)
    }
  }

  private mutating func createTables(
    in skeleton: HDF5SkeletonWriter, _ contents: CheckpointContents, _ tables: IndexTables
  ) throws(HDF5Error) {
    try skeleton.createGroup(Layout.metadataGroup)
    for table in Layout.Table.allCases {
      let rows = tables.rowCount(of: table)
      tableAddresses.append(
        rows == 0
          ? nil
          : try skeleton.createDataset(
            table.rawValue, in: Layout.metadataGroup, type: table.type, shape: [rows]))
    }
    if !contents.headers.isEmpty { try skeleton.createGroup(Layout.headersGroup) }
    for (shard, header) in contents.headers.enumerated() {
      tableAddresses.append(
        try skeleton.createDataset(
          String(shard), in: Layout.headersGroup, type: .u8, shape: [header.count]))
    }
    if let index = contents.shardIndex {
      shardIndexAddress = try skeleton.createDataset(
        Layout.shardIndex, in: Layout.metadataGroup, type: .u8, shape: [index.count])
    }
    guard
      let address = try skeleton.createDataset(
        Layout.seal, in: Layout.metadataGroup, type: SealRow.elementType, shape: [])
    else { throw .library(call: "H5Dget_offset", message: "no address for \(Layout.seal)") }
    sealAddress = address
  }

  /// Creates the missing groups of a path; returns the path.
  private static func createGroups(
    _ names: ArraySlice<String>, in skeleton: HDF5SkeletonWriter
  ) throws(HDF5Error) -> String {
    var path = ""
    for name in names {
      path += path.isEmpty ? name : "/\(name)"
      if !skeleton.hasGroup(path) { try skeleton.createGroup(path) }
    }
    return path
  }

  /// Writes the chunk indexes after the last chunk, and sets their addresses in the skeleton.
  ///
  /// - Parameters:
  ///   - places: for each section in chunks, the places of its chunks.
  ///   - end: the end of the last chunk.
  func complete(
    _ file: AtomicFile, map: SectionMap, places: [Int: [ChunkPlace?]], end: Int
  ) throws(HDF5Error) {
    if chunked.isEmpty { return }
    var end = (end + 7) & ~7
    let written: ReadableFile
    do throws(FileError) { written = try file.readable() } catch { throw .file(error) }
    let skeleton = try HDF5SkeletonFile(written)
    for (section, plan, shape, header) in chunked {
      let tree = ChunkTree(
        shape: shape, chunkShape: plan.shape, elementSize: map.sections[section].key.dtype.storage.type.size)
      let chunks = (places[section] ?? []).compactMap { $0 }
      guard chunks.count == tree.chunkCount else {
        throw .library(call: "chunks", message: "\(chunks.count) instead of \(tree.chunkCount) were written")
      }
      let (nodes, root) = tree.nodes(chunks, at: end)
      let patch = try skeleton.indexPatch(ofDatasetAt: header, root: root)
      do throws(FileError) {
        try file.write(nodes, at: end)
        for (bytes, place) in patch { try file.write(bytes, at: place) }
      } catch { throw .file(error) }
      end += nodes.count
    }
    let patch = try skeleton.endPatch(end)
    do throws(FileError) { for (bytes, place) in patch { try file.write(bytes, at: place) } } catch {
      throw .file(error)
    }
  }
}
