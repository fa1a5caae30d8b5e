package import ByteFiles
internal import HDF5Kit
internal import Synchronization
package import Tensors
internal import UnitModel

/// An open unit checkpoint: its index, its plan, and the bytes of its runs on request.
///
/// Opening reads the tables of the metadata group and checks them against themselves; datasets are visited only when
/// the file was rewritten by another tool, which moves them.
package final class UnitCheckpoint: Sendable {
  /// The path as the user gave it.
  package let path: String
  package let index: CheckpointIndex
  /// The digest of the whole model.
  package let modelDigest: SHA256Digest
  /// The plan as JSON.
  package let plan: [UInt8]
  /// Where the flat weights came from, as JSON.
  package let source: [UInt8]
  /// The stored header of each shard.
  package let headers: [[UInt8]]
  /// Whether runs lie where the index says; false when another tool has rewritten the file, `h5repack` for one.
  package let isPlacementValid: Bool
  /// Bytes of the tables that were read to open the file.
  package let indexByteCount: Int
  package let fileSize: Int

  let seal: SealRow
  let hdf5: HDF5File
  private let file: ReadableFile
  private let resolved = Mutex<[Int: HDF5Dataset]>([:])
  /// The groups of datasets that have been opened, by path: one for each owner.
  private let groups = Mutex<[String: HDF5Group]>([:])
  /// The partition and assignment of the file's own plan, once they are asked for.
  let ownPlan = Mutex<ResolvedPlan?>(nil)
  /// Datasets whose address in the index has been held against HDF5's.
  private let placed = Mutex<Set<Int>>([])
  private let dataBytesRead = Atomic(0)

  /// Opens the checkpoint in `file`.
  package convenience init(_ file: ReadableFile) throws(CheckpointError) {
    var log = DefectLog(goesOn: false)
    try self.init(file, try CheckpointOpener(file, log: &log), log: &log)
  }

  /// The checkpoint whose tables have been read.
  init(_ file: ReadableFile, _ opener: CheckpointOpener, log: inout DefectLog) throws(CheckpointError) {
    self.file = file
    path = file.path
    fileSize = file.size
    hdf5 = opener.hdf5
    seal = opener.seal
    plan = opener.bytes(of: .plan)
    source = opener.bytes(of: .source)
    headers = opener.headers
    indexByteCount = opener.byteCount
    modelDigest = opener.modelDigest
    index = try IndexDecoder.decode(
      IndexTables { opener.bytes(of: $0) }, path: file.path, fileSize: file.size, log: &log)
    isPlacementValid =
      seal.fileEnd == UInt64(file.size) && Self.placementHolds(of: index, in: opener.hdf5)
    if hasWrittenSize { try checkPlacement(log: &log) }
  }

  /// Whether HDF5 still has the first and the last dataset where the index says.
  ///
  /// A tool that rewrites a file can leave it as long as it was, and moves data all the same. What cannot be opened
  /// says nothing here: it is an error where it is read.
  private static func placementHolds(of index: CheckpointIndex, in hdf5: HDF5File) -> Bool {
    let placed = index.datasets.filter { $0.address != nil && $0.byteCount > 0 }
    let ends = [
      placed.min { ($0.address ?? 0) < ($1.address ?? 0) },
      placed.max { ($0.address ?? 0) < ($1.address ?? 0) },
    ]
    for dataset in ends {
      guard let dataset, let address = dataset.address else { continue }
      let name = index.tensors[dataset.tensor].spec.name
      let path = dataset.owner.group.split(separator: "/").map { HDF5Name(String($0)) }
      guard let found = try? hdf5.dataset(at: path + [HDF5Name(LinkName.escaped(name))]) else { continue }
      guard case .contiguous(let offset, _) = found.storage, offset == address else { return false }
    }
    return true
  }

  /// Fills `buffer` with the bytes of a dataset from `offset`.
  package func read(
    dataset number: Int, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    if buffer.isEmpty { return }
    if isPlacementValid, let address = index.datasets[number].address {
      try checkAddress(ofDataset: number)
      do throws(FileError) { try file.read(at: address + offset, into: buffer) } catch {
        throw .file(error)
      }
      dataBytesRead.add(buffer.count, ordering: .relaxed)
      return
    }
    _ = try open(dataset: number)
    try countingData { () throws(CheckpointError) in
      try readChunks(DatasetPiece(dataset: number, offset: offset, target: buffer))
    }
  }

  /// Checks that HDF5 has a dataset where the index says, once, when its bytes are first read.
  ///
  /// Other readers go by the path. An index that leads elsewhere, with checksum and digest made to fit, would show them
  /// one model and this reader another. Opening all datasets of a file would cost more than its index; those that are
  /// read are opened.
  private func checkAddress(ofDataset number: Int) throws(CheckpointError) {
    if placed.withLock({ $0.contains(number) }) { return }
    try checkDataset(number)
    _ = placed.withLock { $0.insert(number) }
  }

  /// Whether a dataset's bytes are read from an address of the index, without HDF5.
  func isPlaced(dataset number: Int) -> Bool { isPlacementValid && index.datasets[number].address != nil }

  /// Fills a piece with what HDF5 finds.
  func readChunks(_ piece: DatasetPiece) throws(CheckpointError) {
    let dataset = try open(dataset: piece.dataset)
    do throws(HDF5Error) { try dataset.read(into: piece.target, at: piece.offset) } catch {
      throw .hdf5(path: path, error)
    }
  }

  /// Counts as data what `body` makes the file give: chunks are stored compressed, and kept for the next read.
  func countingData(_ body: () throws(CheckpointError) -> Void) throws(CheckpointError) {
    let before = file.byteCountRead
    try body()
    dataBytesRead.add(file.byteCountRead - before, ordering: .relaxed)
  }

  /// Forgets where the chunks of datasets are: all of them together would take memory in proportion to the file.
  func close(_ datasets: Range<Int>) {
    resolved.withLock { known in for number in datasets { known[number] = nil } }
  }

  /// Bytes read from the file so far: of tensors' data, and of everything else.
  ///
  /// Exact for as long as one thread reads.
  package var byteCountsRead: (data: Int, index: Int) {
    let data = dataBytesRead.load(ordering: .relaxed)
    return (data, file.byteCountRead - data)
  }

  /// Fills `buffer` with the file's bytes from `offset`.
  func readRaw(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
    try file.read(at: offset, into: buffer)
  }

  /// The path of a dataset from the root, as its index row says it is.
  package func datasetPath(_ number: Int) -> String {
    let dataset = index.datasets[number]
    return "\(dataset.owner.group)/\(LinkName.escaped(index.tensors[dataset.tensor].spec.name))"
  }

  /// How messages name a stored run.
  package func place(ofDataset number: Int, block: Int) -> String {
    "/\(datasetPath(number)) block \(block - index.datasets[number].blocks.lowerBound)"
  }

  /// Checks that a dataset has its bytes; one whose place in the file is known was checked on opening.
  func checkPresence(ofDataset number: Int) throws(CheckpointError) {
    let dataset = index.datasets[number]
    if dataset.byteCount == 0 || isPlacementValid && dataset.address != nil { return }
    _ = try open(dataset: number)
  }

  /// The HDF5 dataset behind an index row, with the type and the length that the index expects.
  func open(dataset number: Int) throws(CheckpointError) -> HDF5Dataset {
    if let known = resolved.withLock({ $0[number] }) { return known }
    let row = index.datasets[number]
    let spec = index.tensors[row.tensor].spec
    let dataset: HDF5Dataset
    do throws(HDF5Error) {
      dataset = try self.dataset(HDF5Name(LinkName.escaped(spec.name)), in: row.owner.group)
    } catch { throw .hdf5(path: path, error) }
    let type = spec.dtype.storage.type
    guard dataset.datatype == type.datatype else {
      throw .broken(
        .datasetType, path: path, place: "/\(datasetPath(number))",
        expected: "elements of \(spec.dtype.rawValue)",
        found: "another HDF5 type of \(dataset.datatype.size) bytes")
    }
    guard dataset.byteCount == row.byteCount else {
      throw .broken(
        .datasetLength, path: path, place: "/\(datasetPath(number))", expected: "\(row.byteCount) bytes",
        found: "\(dataset.byteCount)")
    }
    // HDF5 would give fill values for these; every writer of the layout allocates what it describes.
    if case .unallocated = dataset.storage, row.byteCount > 0 {
      throw .broken(
        .datasetStorage, path: path, place: "/\(datasetPath(number))",
        expected: "\(row.byteCount) stored bytes", found: "none")
    }
    do throws(HDF5Error) {
      try dataset.checkPieces()
      try dataset.loadChunkIndex()
    } catch { throw .hdf5(path: path, error) }
    resolved.withLock { $0[number] = dataset }
    return dataset
  }

  /// A dataset of a group; the group is looked for once, which is most of the way.
  private func dataset(_ name: HDF5Name, in path: String) throws(HDF5Error) -> HDF5Dataset {
    let names = path.split(separator: "/").map { HDF5Name(String($0)) }
    var group = groups.withLock { $0[path] }
    if group == nil {
      let found = try hdf5.group(at: names)
      groups.withLock { $0[path] = found }
      group = found
    }
    if case .dataset(let dataset)? = try group?.object(name) { return dataset }
    return try hdf5.dataset(at: names + [name])
  }

  /// Every dataset's range lies inside the file, and no two overlap.
  private func checkPlacement(log: inout DefectLog) throws(CheckpointError) {
    var ranges: [(range: Range<Int>, dataset: Int)] = []
    for (number, dataset) in index.datasets.enumerated() {
      guard let address = dataset.address, dataset.byteCount > 0 else { continue }
      guard address <= file.size, dataset.byteCount <= file.size - address else {
        try log.note(
          .broken(
            .placementOutside, path: path, place: "/\(datasetPath(number))",
            expected: "bytes inside the file's \(file.size)",
            found: "\(dataset.byteCount) bytes at \(address)"))
        continue
      }
      ranges.append((address..<address + dataset.byteCount, number))
    }
    ranges.sort { $0.range.lowerBound < $1.range.lowerBound }
    for (first, second) in zip(ranges, ranges.dropFirst())
    where first.range.upperBound > second.range.lowerBound {
      try log.note(
        .broken(
          .placementOverlap, path: path, place: "/\(datasetPath(second.dataset))",
          expected: "bytes of its own", found: "bytes of /\(datasetPath(first.dataset))"))
    }
  }
}
