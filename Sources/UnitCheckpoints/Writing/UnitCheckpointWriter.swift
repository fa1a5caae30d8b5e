package import ByteFiles
internal import HDF5Kit
internal import Tensors
internal import UnitModel

/// Writes a unit checkpoint: first its skeleton, then whatever bytes come, then the index and the seal.
///
/// `write` may be called from any thread and in any order; the other methods belong to the owner.
package final class UnitCheckpointWriter {
  /// Where each tensor's bytes go, in flat order.
  package private(set) var destinations: [TensorDestination] = []
  /// Writes bytes at a file address.
  package let bytes: AtomicFile

  private let path: String
  private let contents: CheckpointContents
  private var index = IndexBuilder()
  private var tableAddresses: [Int?] = []
  private var shardIndexAddress: Int?
  private var sealAddress = 0

  /// Lays out the file beside `path`; nothing appears there before `commit`.
  package init(path: String, contents: CheckpointContents) throws(CheckpointError) {
    self.path = path
    self.contents = contents
    do throws(FileError) { bytes = try AtomicFile(path: path) } catch { throw .file(error) }
    for (placement, tie) in zip(contents.tensors, contents.ties) { index.append(placement, tiedTo: tie) }
    let skeleton: MemoryFile
    do throws(FileError) { skeleton = try MemoryFile() } catch { throw .file(error) }
    do throws(HDF5Error) { try createSkeleton(in: skeleton) } catch { throw .hdf5(path: path, error) }
    do throws(FileError) { try skeleton.copy(to: bytes) } catch { throw .file(error) }
    destinations = makeDestinations()
  }

  /// Writes the index and the seal, flushes, and puts the file in its place.
  package func commit(sums: [TensorSums]) throws(CheckpointError) {
    for (tensor, sum) in sums.enumerated() { index.set(sum, ofTensor: tensor) }
    do throws(FileError) {
      var tables = LayoutV1.Table.allCases.map { index.bytes(of: $0, contents: contents) }
      tables += contents.headers
      for (table, address) in zip(tables, tableAddresses) {
        if let address { try bytes.write(table, at: address) }
      }
      if let index = contents.shardIndex, let shardIndexAddress {
        try bytes.write(index, at: shardIndexAddress)
      }
      var seal = SealRow(
        fileEnd: UInt64(try bytes.currentSize()), restXXH3: 0,
        modelSHA256: modelDigest(of: zip(contents.tensors, sums).map { ($0.spec, $1.sha256) }).bytes,
        indexXXH3: 0)
      seal.restXXH3 = try Seal.restChecksum(fileSize: Int(seal.fileEnd), leavingOut: dataRanges()) {
        (offset, buffer) throws(FileError) in try bytes.read(at: offset, into: buffer)
      }
      seal.indexXXH3 = Seal.indexChecksum(tables: tables, seal: seal)
      var writer = ByteWriter()
      seal.encode(into: &writer)
      try bytes.write(writer.bytes, at: sealAddress)
      try bytes.commit()
    } catch { throw .file(error) }
  }

  /// The ranges that the rest checksum leaves out: the tensors' bytes and the seal.
  private func dataRanges() -> [Range<Int>] {
    var ranges = index.datasets.compactMap { row -> Range<Int>? in
      row.address == .max ? nil : Int(row.address)..<Int(row.address + row.bytes)
    }
    ranges.append(sealAddress..<sealAddress + SealRow.size)
    return ranges.sorted { $0.lowerBound < $1.lowerBound }
  }

  private func createSkeleton(in memory: MemoryFile) throws(HDF5Error) {
    let tables = LayoutV1.Table.allCases
    let skeleton = try HDF5SkeletonWriter(
      path: bytes.temporaryPath,
      datasetCount: index.datasets.count + tables.count + contents.headers.count + 2, memory: memory)
    try skeleton.writeRootAttribute(
      LayoutV1.formatAttribute, type: .string(length: LayoutV1.formatValue.utf8.count),
      bytes: Array(LayoutV1.formatValue.utf8))
    var version = ByteWriter()
    // The lowest version that has what the file needs, so that older readers know what they may expect.
    for number in contents.shardIndex == nil ? LayoutV1.version : LayoutV1.shardsVersion {
      version.append(number)
    }
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
    try createTensorDatasets(in: skeleton)
    try skeleton.close()
  }

  private func createTensorDatasets(in skeleton: HDF5SkeletonWriter) throws(HDF5Error) {
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
      guard let owner = DatasetOwner(code: row.owner) else { continue }
      let (type, needsAttribute) = spec.dtype.storage
      let isWhole = owner == .whole || owner == .wholePrivate
      let address = try skeleton.createDataset(
        links[Int(row.tensor)], in: owner.group, type: type,
        shape: isWhole ? spec.wholeDatasetShape : [Int(row.bytes) / type.size],
        attributes: needsAttribute ? [(LayoutV1.dtypeAttribute, spec.dtype.rawValue)] : [])
      index.setAddress(address, ofDataset: number)
    }
  }

  private func makeDestinations() -> [TensorDestination] {
    index.tensors.map { tensor in
      var blocks: [BlockDestination] = []
      let isCut = { (row: DatasetRow) in row.owner >= -1 }
      for dataset in index.datasets[Int(tensor.firstDataset)...].prefix(Int(tensor.datasetCount)) {
        for block in index.blocks[Int(dataset.firstBlock)...].prefix(Int(dataset.blockCount)) {
          let coordinates = index.coordinates[Int(block.firstCoordinate)...].prefix(
            Int(block.coordinateCount))
          blocks.append(
            BlockDestination(
              coordinates: isCut(dataset) ? coordinates.map(Int.init) : [],
              address: Int(dataset.address + block.offset), byteCount: Int(block.bytes)))
        }
      }
      return TensorDestination(blocks: blocks)
    }
  }
}
