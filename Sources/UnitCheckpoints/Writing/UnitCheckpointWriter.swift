package import ByteFiles
internal import HDF5Kit
internal import Tensors
internal import UnitModel

/// Writes a unit checkpoint: its skeleton, meanwhile whatever bytes come, then the index and the seal.
///
/// `bytes.write` may be called from any thread and in any order; the other methods belong to the owner.
package final class UnitCheckpointWriter {
  /// Writes bytes at a file address.
  package let bytes: AtomicFile

  private let path: String
  private let contents: CheckpointContents
  private var index: IndexBuilder
  private let skeleton = SkeletonWork()
  /// Datasets whose addresses `index` has.
  private var knownDatasets = 0
  private let chunks: ChunkStore

  /// Lays out the file beside `path`; nothing appears there before `commit`.
  package init(path: String, contents: CheckpointContents) throws(CheckpointError) {
    self.path = path
    self.contents = contents
    try Self.requireReadableNames(contents, path: path)
    do throws(FileError) { bytes = try AtomicFile(path: path) } catch { throw .file(error) }
    var index = IndexBuilder(isCompressed: contents.isCompressed)
    for (place, placement) in contents.tensors.enumerated() {
      index.append(placement, tiedTo: contents.ties[place], ownerMap: contents.ownerMaps[place])
    }
    skeleton.start(bytes, path: path, contents: contents, index: index)
    self.index = index
    var start = 0
    if contents.isCompressed {
      // Chunks go behind the skeleton.
      _ = try skeleton.finish()
      do throws(FileError) { start = try bytes.currentSize() } catch { throw .file(error) }
    }
    chunks = ChunkStore(file: bytes, start: start)
  }

  deinit {
    skeleton.wait()
    chunks.wait()
  }

  /// Where the bytes of a tensor go, once its datasets have been made.
  package func destination(ofTensor number: Int) throws(CheckpointError) -> TensorDestination {
    try learnAddresses(upTo: index.datasets(ofTensor: number).upperBound)
    return index.destination(ofTensor: number)
  }

  private func learnAddresses(upTo count: Int) throws(CheckpointError) {
    if count <= knownDatasets { return }
    for address in try skeleton.addresses(from: knownDatasets, upTo: count) {
      index.setAddress(address, ofDataset: knownDatasets)
      knownDatasets += 1
    }
  }

  /// Takes the bytes of blocks that have no address; for one thread.
  package func makeChunkFiller() -> ChunkFiller { ChunkFiller(chunks) }

  /// Writes the index and the seal, flushes, and puts the file in its place.
  package func commit(sums: [TensorSums]) throws(CheckpointError) {
    let (places, end): ([Int: [ChunkPlace?]], Int)
    do throws(FileError) { (places, end) = try chunks.finish() } catch { throw .file(error) }
    let skeleton = try skeleton.finish()
    try learnAddresses(upTo: index.datasets.count)
    do throws(HDF5Error) {
      try skeleton.complete(bytes, index: index, contents: contents, places: places, end: end)
    } catch .file(let error) { throw .file(error) } catch { throw .hdf5(path: path, error) }
    for (tensor, sum) in sums.enumerated() { index.set(sum, ofTensor: tensor) }
    do throws(FileError) {
      var tables = LayoutV1.Table.allCases.map { index.bytes(of: $0, contents: contents) }
      tables += contents.headers
      for (table, address) in zip(tables, skeleton.tableAddresses) {
        if let address { try bytes.write(table, at: address) }
      }
      if let index = contents.shardIndex, let shardIndexAddress = skeleton.shardIndexAddress {
        try bytes.write(index, at: shardIndexAddress)
      }
      var seal = SealRow(
        fileEnd: UInt64(try bytes.currentSize()), restXXH3: 0,
        modelSHA256: modelDigest(of: zip(contents.tensors, sums).map { ($0.spec, $1.sha256) }).bytes,
        indexXXH3: 0)
      // The disk can work while what is in no contiguous dataset, all chunks for one, is read once more.
      bytes.startWriteback(from: 0, count: 0)
      seal.restXXH3 = try Seal.restChecksum(
        fileSize: Int(seal.fileEnd), leavingOut: dataRanges(leavingOut: skeleton.sealAddress)
      ) {
        (offset, buffer) throws(FileError) in try bytes.read(at: offset, into: buffer)
      }
      seal.indexXXH3 = Seal.indexChecksum(tables: tables, seal: seal)
      var writer = ByteWriter()
      seal.encode(into: &writer)
      try bytes.write(writer.bytes, at: skeleton.sealAddress)
    } catch { throw .file(error) }
    try requireReadable()
    do throws(FileError) { try bytes.commit() } catch { throw .file(error) }
  }

  /// Checks that a reader takes every name that becomes an HDF5 link: before any work, since names are all it needs.
  private static func requireReadableNames(
    _ contents: CheckpointContents, path: String
  ) throws(CheckpointError) {
    let limits = HDF5Limits()
    var total = 0
    for placement in contents.tensors {
      let count = LinkName.escaped(placement.spec.name).utf8.count
      total += count + 1
      guard count <= limits.nameBytes, total <= limits.nameBytesPerGroup else {
        throw .broken(
          .tensorName, path: path, place: "tensor \(placement.spec.name.quoted)",
          expected: count <= limits.nameBytes
            ? "names of at most \(limits.nameBytesPerGroup) bytes together"
            : "a name that becomes a link of at most \(limits.nameBytes) bytes",
          found: "\(max(count, total)) bytes")
      }
    }
  }

  /// Checks that a reader opens what has been written, with its tables and limits, and finds these tensors.
  private func requireReadable() throws(CheckpointError) {
    let file: ReadableFile
    do throws(FileError) { file = try bytes.readable() } catch { throw .file(error) }
    let checkpoint = try UnitCheckpoint(file)
    _ = try checkpoint.storedSource()
    guard checkpoint.index.tensors.map(\.spec) == contents.tensors.map(\.spec) else {
      throw .broken(
        .tensorName, path: path, place: "/tessera/tensors", expected: "the tensors that were written",
        found: "others")
    }
  }

  /// The ranges that the rest checksum leaves out: the tensors' contiguous bytes and the seal.
  private func dataRanges(leavingOut seal: Int) -> [Range<Int>] {
    let ranges = index.dataRanges(
      addresses: index.datasets.map { $0.address == .max ? nil : Int($0.address) })
    return (ranges + [seal..<seal + SealRow.size]).sorted { $0.lowerBound < $1.lowerBound }
  }
}
