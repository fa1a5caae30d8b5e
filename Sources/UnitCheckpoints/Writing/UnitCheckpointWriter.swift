internal import ByteFiles
internal import HDF5Kit
package import Tensors
internal import UnitModel

/// Writes a unit checkpoint: its skeleton, then the bytes of the sections as they arrive, then the index and the seal.
package final class UnitCheckpointWriter {
  /// The decoded tables of the file, without digests, pages and addresses.
  package let index: CheckpointIndex
  /// The places of the blocks of every tensor.
  package let map: SectionMap
  /// Receives the bytes of sections; only one thread may use it.
  package let sections: SectionWriter

  private let bytes: AtomicFile
  private let path: String
  private let contents: CheckpointContents
  private var tables: IndexTables
  private let skeleton: CheckpointSkeleton
  private let chunks: ChunkStore

  /// Lays out the file in the folder of `path`; nothing appears at `path` before `commit`.
  ///
  /// If a reader would refuse the file, throws the reader's error before anything is written.
  package init(path: String, contents: CheckpointContents) throws(CheckpointError) {
    self.path = path
    self.contents = contents
    try Self.requireReadableNames(contents, path: path)
    var builder = TableBuilder(contents.partition, contents.assignment, ties: contents.ties)
    var log = DefectLog(goesOn: false)
    index = try IndexDecoder.decode(builder.tables, path: path, log: &log)
    let census = try SectionCensus(index, path: path, part: contents.part)
    builder.append(census)
    tables = builder.tables
    tables.plan = contents.plan
    tables.source = contents.source
    tables.part = contents.part?.text ?? []
    let pageBytes = SectionMap.pageBytes(of: census.byteCounts, isCompressed: contents.isCompressed)
    map = try SectionDecoder(tables, index, contents.part, path: path).decode(
      pageBytes: pageBytes, fileSize: nil)
    tables.pages = [UInt64](repeating: 0, count: map.pageCount)
    try Self.requireReadableSizes(tables, contents, path: path)
    let plans = map.sections.map { [index] section in
      contents.isCompressed
        ? ChunkPlan(section, section.key.tensor.map { index.tensors[$0].spec }, pageBytes: pageBytes) : nil
    }
    do throws(FileError) { bytes = try AtomicFile(path: path) } catch { throw .file(error) }
    let memory: NamelessFile
    do throws(FileError) { memory = try NamelessFile() } catch { throw .file(error) }
    do throws(HDF5Error) {
      skeleton = try CheckpointSkeleton(
        in: memory, contents: contents, tables: tables, index: index, map: map, plans: plans)
    } catch { throw .hdf5(path: path, error) }
    for (row, address) in skeleton.addresses.enumerated() {
      tables.sections[row].address = address.map { UInt64($0) } ?? Layout.noAddress
    }
    var start = 0
    do throws(FileError) {
      try memory.copy(to: bytes, leavingOut: Self.dataRanges(map, skeleton))
      start = try bytes.currentSize()
    } catch { throw .file(error) }
    chunks = ChunkStore(file: bytes, start: start)
    sections = SectionWriter(
      map, file: bytes, store: chunks,
      cells: zip(map.sections, plans).map { section, plan in
        let size = max(1, section.byteCount)
        return CellPlan(
          byteCount: section.byteCount, chunkBytes: plan?.byteCount ?? pageBytes,
          rowBytes: plan?.rowBytes ?? size)
      },
      addresses: skeleton.addresses.enumerated().map { plans[$0] == nil ? $1 : nil })
  }

  deinit { chunks.wait() }

  /// Writes the index and the seal, flushes, and renames the file to its path.
  ///
  /// - Parameter digests: the digest of each tensor; that of no bytes for one that is in another part.
  package func commit(digests: [SHA256Digest]) throws(CheckpointError) {
    let (places, end): ([Int: [ChunkPlace?]], Int)
    do throws(FileError) { (places, end) = try chunks.finish() } catch { throw .file(error) }
    do throws(HDF5Error) { try skeleton.complete(bytes, map: map, places: places, end: end) } catch {
      if case .file(let error) = error { throw .file(error) }
      throw .hdf5(path: path, error)
    }
    for (row, digest) in digests.enumerated() { tables.tensors[row].sha256 = digest.bytes }
    tables.pages = sections.finish()
    try writeIndex(digests)
    // The check opens the file, which takes as much memory as the tables; so the tables are released first.
    tables = IndexTables()
    try requireReadable()
    do throws(FileError) { try bytes.commit() } catch { throw .file(error) }
  }

  private func writeIndex(_ digests: [SHA256Digest]) throws(CheckpointError) {
    do throws(FileError) {
      let lists = Layout.Table.allCases.map { tables.bytes(of: $0) }
      for (list, address) in zip(lists + contents.headers, skeleton.tableAddresses) {
        if let address { try bytes.write(list, at: address) }
      }
      if let index = contents.shardIndex, let address = skeleton.shardIndexAddress {
        try bytes.write(index, at: address)
      }
      var seal = SealRow(
        fileEnd: UInt64(try bytes.currentSize()), pageBytes: UInt64(map.pageBytes), restXXH3: 0,
        headersXXH3: Seal.checksum(of: contents.headers),
        modelSHA256: modelDigest(of: zip(index.tensors, digests).map { ($0.spec, $1) }).bytes, indexXXH3: 0)
      // The disk can work while everything outside contiguous sections, such as all chunks, is read again.
      bytes.startWriteback(from: 0, count: 0)
      let sealRange = skeleton.sealAddress..<skeleton.sealAddress + SealRow.size
      seal.restXXH3 = try Seal.restChecksum(
        fileSize: Int(seal.fileEnd),
        leavingOut: (Self.dataRanges(map, skeleton) + [sealRange]).sorted { $0.lowerBound < $1.lowerBound }
      ) {
        (offset, buffer) throws(FileError) in try bytes.read(at: offset, into: buffer)
      }
      seal.indexXXH3 = Seal.indexChecksum(tables: lists, seal: seal)
      var writer = ByteWriter()
      seal.encode(into: &writer)
      try bytes.write(writer.bytes, at: skeleton.sealAddress)
    } catch { throw .file(error) }
  }

  /// Throws for a name whose HDF5 link a reader would refuse.
  private static func requireReadableNames(
    _ contents: CheckpointContents, path: String
  ) throws(CheckpointError) {
    let limits = HDF5Limits()
    var total = 0
    for spec in contents.specs {
      let count = LinkName.escaped(spec.name).utf8.count
      total += count + 1
      guard count <= limits.nameBytes, total <= limits.nameBytesPerGroup else {
        throw .broken(
          .tensorName, path: path, place: "tensor \(spec.name.quoted)",
          expected: count <= limits.nameBytes
            ? "names of at most \(limits.nameBytesPerGroup.grouped) bytes together"
            : "a name that becomes a link of at most \(limits.nameBytes.grouped) bytes",
          found: "\(max(count, total).grouped) bytes")
      }
    }
  }

  /// Throws for tables or headers that are too large for a reader.
  private static func requireReadableSizes(
    _ tables: IndexTables, _ contents: CheckpointContents, path: String
  ) throws(CheckpointError) {
    let tableBytes = Layout.Table.allCases.reduce(0) { $0 + tables.rowCount(of: $1) * $1.type.size }
    let headerBytes = max(
      contents.headers.reduce(0) { $0 + $1.count }, contents.shardIndex?.count ?? 0)
    for (place, count, limit) in [
      (Layout.metadataGroup, tableBytes, LayoutLimits.tableBytes),
      (Layout.headersGroup, headerBytes, LayoutLimits.headerBytes),
    ] where count > limit {
      throw .broken(
        .tableSize, path: path, place: "/\(place)", expected: "at most \(limit.grouped) bytes",
        found: "\(count.grouped)")
    }
  }

  /// Checks that a reader can open the written file and finds the same tensors in it.
  private func requireReadable() throws(CheckpointError) {
    let file: ReadableFile
    do throws(FileError) { file = try bytes.readable() } catch { throw .file(error) }
    let checkpoint = try UnitCheckpoint(file)
    _ = try checkpoint.sourceRecord()
    guard checkpoint.index.tensors.map(\.spec) == contents.specs else {
      throw .broken(
        .tensorName, path: path, place: "/tessera/tensors", expected: "the tensors that were written",
        found: "different tensors")
    }
  }

  /// The ranges of contiguous data, ascending.
  private static func dataRanges(_ map: SectionMap, _ skeleton: CheckpointSkeleton) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for (section, address) in zip(map.sections, skeleton.addresses) {
      if let address, section.byteCount > 0 { ranges.append(address..<address + section.byteCount) }
    }
    return ranges.sorted { $0.lowerBound < $1.lowerBound }
  }
}
