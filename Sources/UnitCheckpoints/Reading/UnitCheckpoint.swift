package import ByteFiles
internal import HDF5Kit
internal import Synchronization
package import TensorStreams
package import Tensors
internal import UnitModel

/// An open unit checkpoint: its index, its plan and, on request, the bytes of its sections.
///
/// Opening reads the tables of the metadata group and checks them against each other. Datasets are visited when their
/// bytes are first read.
package final class UnitCheckpoint: Sendable {
  /// The path as the user gave it.
  package let path: String
  package let index: CheckpointIndex
  package let tensors: [SourceTensor]
  /// The places of the blocks of every tensor.
  package let map: SectionMap

  /// Whether any section is stored in chunks, as in a compressed file.
  package var hasChunks: Bool { map.sections.contains { $0.address == nil && $0.byteCount > 0 } }
  /// The digest of the whole model.
  package let modelDigest: SHA256Digest
  /// The plan as JSON.
  package let planText: [UInt8]
  /// The origin of the flat weights, as JSON.
  package let sourceText: [UInt8]
  /// Whether sections are at the addresses in the index; false after another tool, such as `h5repack`, has rewritten
  /// the file.
  package let isPlacementValid: Bool
  package let fileSize: Int
  /// The tensors whose bytes the file holds, if it is one of a set; nil for a whole checkpoint.
  package let part: CheckpointPart?
  /// The digests of the part's own tensors.
  let partDigests: [SHA256Digest]
  /// The files of a set, in order; empty for a checkpoint in one file.
  package let parts: [UnitCheckpoint]
  /// For each tensor of a set, the place in `parts` of the file with its bytes.
  private let partOfTensor: [Int32]

  let seal: SealRow
  let hdf5: HDF5File
  private let file: ReadableFile
  let pages: PageReader
  private let opened = Mutex<[Int: HDF5Dataset]>([:])
  private let storedHeaders = Once<[[UInt8]]>()
  /// The file's own plan, and its partition and assignment.
  let ownPlan = Once<Plan>()
  let ownResolvedPlan = Once<ResolvedPlan>()
  let ownSource = Once<SourceRecord>()
  private let dataBytesRead = Atomic(0)

  /// Opens the checkpoint in `file`.
  package convenience init(_ file: ReadableFile) throws(CheckpointError) {
    var log = DefectLog(goesOn: false)
    try self.init(file, try CheckpointOpener(file, log: &log), log: &log)
  }

  /// Opens one more file of a set. If its index is that of `first` but for digests, both share it in memory.
  convenience init(_ file: ReadableFile, sharing first: UnitCheckpoint?) throws(CheckpointError) {
    var log = DefectLog(goesOn: false)
    try self.init(file, try CheckpointOpener(file, log: &log), sharing: first?.index, log: &log)
  }

  /// A checkpoint from tables that have been read.
  init(
    _ file: ReadableFile, _ opener: CheckpointOpener, sharing known: CheckpointIndex? = nil,
    log: inout DefectLog
  ) throws(CheckpointError) {
    self.file = file
    path = file.path
    fileSize = file.size
    hdf5 = opener.hdf5
    seal = opener.seal
    planText = opener.bytes(of: .plan)
    sourceText = opener.bytes(of: .source)
    modelDigest = opener.modelDigest
    let tables = IndexTables { opener.bytes(of: $0) }
    let own = try IndexDecoder.decode(tables, path: file.path, log: &log)
    let part = try Self.part(opener, own, path: file.path)
    partDigests = part?.tensors.joined().map { own.tensors[$0].digest } ?? []
    let index = known.flatMap { own.hasSameTensors(as: $0) ? $0 : nil } ?? own
    let map = try SectionDecoder(tables, index, part, path: file.path)
      .decode(pageBytes: Int(seal.pageBytes), fileSize: file.size)
    self.index = index
    self.part = part
    (parts, partOfTensor) = ([], [])
    tensors = index.tensors.map { tensor in
      SourceTensor(spec: tensor.spec, tiedTo: tensor.tiedTo.map { index.tensors[$0].spec.name })
    }
    self.map = map
    // The parts of a set together keep about as many pages as one file.
    let share = max(1 << 20, PageReader.keptBytes / (part?.count ?? 1))
    pages = PageReader(map, checksums: tables.pages, runBytes: share) {
      [path] section, page, expected, found in
      .broken(
        .pageChecksum, path: path, place: "/\(map.sections[section].key.path(in: index)) page \(page)",
        expected: "checksum \(hex(expected))", found: hex(found))
    }
    isPlacementValid =
      seal.fileEnd == UInt64(file.size) && Self.placementHolds(of: map, index, in: opener.hdf5)
    if hasWrittenSize { try checkPlacement(log: &log) }
  }

  /// A set of files as one checkpoint; they were compared with each other.
  ///
  /// - Parameters:
  ///   - path: the path of the list of the files.
  ///   - index: the index with the digests of all tensors.
  ///   - partOfTensor: for each tensor, the place in `parts` of the file with its bytes.
  init(path: String, parts: [UnitCheckpoint], index: CheckpointIndex, partOfTensor: [Int32]) {
    // Every file has everything but the tensors' bytes, so the first one also answers for the set.
    let first = parts[0]
    self.path = path
    self.parts = parts
    self.partOfTensor = partOfTensor
    self.index = index
    part = nil
    partDigests = []
    (file, fileSize, hdf5, seal) = (first.file, parts.reduce(0) { $0 + $1.fileSize }, first.hdf5, first.seal)
    (planText, sourceText) = (first.planText, first.sourceText)
    modelDigest = Tensors.modelDigest(of: index.tensors.map { ($0.spec, $0.digest) })
    (tensors, map, pages, isPlacementValid) = (first.tensors, first.map, first.pages, first.isPlacementValid)
  }

  /// The checkpoint in each file.
  package var files: [UnitCheckpoint] { parts.isEmpty ? [self] : parts }

  /// The paths of all files: of a set, also that of its list.
  package var paths: [String] { [path] + parts.map(\.path) }

  /// The tensors whose bytes a check of this file reads: untied ones that it has with their owner map; for a set, those
  /// that no file of it can check, because another one has their owner map.
  package var checkableTensors: [Int] {
    tensors.indices.filter { number in
      if tensors[number].tiedTo != nil { return false }
      let map = index.tensors[number].owners.map { index.stored($0.map) }
      if !parts.isEmpty { return map.map { partOfTensor[$0] != partOfTensor[number] } ?? false }
      return part.map { $0.holds(number) && map.map($0.holds) ?? true } ?? true
    }
  }

  /// The sections with the bytes of the tensor in row `number`.
  package func sections(ofTensor number: Int) throws(CheckpointError) -> [SectionKey] {
    let holder = try holder(ofTensor: number)
    return holder.map.sections(ofTensor: number).map { holder.map.sections[$0].key }
  }

  /// The checkpoint in a file that has the bytes of the tensor in row `number`: one of the set's, or this one.
  func holder(ofTensor number: Int) throws(CheckpointError) -> UnitCheckpoint {
    if !parts.isEmpty { return parts[Int(partOfTensor[number])] }
    if let part, !part.holds(number) {
      throw .broken(
        .part, path: path, place: "tensor \(index.tensors[number].spec.name.quoted)",
        expected: "a tensor of part \(part.number) of \(part.count)", found: "one of another part")
    }
    return self
  }

  private static func part(
    _ opener: CheckpointOpener, _ index: CheckpointIndex, path: String
  ) throws(CheckpointError) -> CheckpointPart? {
    let text = opener.bytes(of: .part)
    if !opener.isPart, text.isEmpty { return nil }
    guard opener.isPart, let part = CheckpointPart(text, tensorCount: index.tensors.count) else {
      throw .broken(
        .part, path: path, place: "/\(Layout.Table.part.path)",
        expected: "a tessera.part/1 document in a file of the format \(Layout.partFormatValue)",
        found: opener.isPart ? "none for \(index.tensors.count) tensors" : "one in a whole checkpoint")
    }
    return part
  }

  /// Whether HDF5 still has the first and the last section at the addresses in the index.
  ///
  /// A tool that rewrites a file can keep its length and still move the data. A section that cannot be opened is
  /// ignored here, because reading it will be an error.
  private static func placementHolds(of map: SectionMap, _ index: CheckpointIndex, in hdf5: HDF5File) -> Bool
  {
    let placed = map.sections.indices.filter { map.sections[$0].address != nil }
    let ends = [
      placed.min { (map.sections[$0].address ?? 0) < (map.sections[$1].address ?? 0) },
      placed.max { (map.sections[$0].address ?? 0) < (map.sections[$1].address ?? 0) },
    ]
    for section in ends {
      guard let section, let address = map.sections[section].address,
        let found = try? hdf5.dataset(at: map.sections[section].key.steps(in: index).map { HDF5Name($0) })
      else { continue }
      guard case .contiguous(let offset, _) = found.storage, offset == address else { return false }
    }
    return true
  }

  /// Fills `buffer` with the bytes of a section from `offset`. Every page with one of these bytes is checked.
  package func read(
    section: Int, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    if buffer.isEmpty { return }
    try pages.read(section: section, at: offset, into: buffer) {
      (section, offset, buffer) throws(CheckpointError) in try self.fetch(section, offset, buffer)
    }
  }

  /// The errors of all pages of a section that do not match their checksum or cannot be read.
  package func damagedPages(ofSection section: Int) -> [CheckpointError] {
    pages.damagedPages(of: section) { (section, offset, buffer) throws(CheckpointError) in
      try self.fetch(section, offset, buffer)
    }
  }

  /// Reads bytes of a section, without checking their checksums.
  private func fetch(
    _ section: Int, _ offset: Int, _ buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    // Other readers use the path. A hostile index could have other addresses, with checksums and digests that fit;
    // other readers would then show one model and this reader another. So a section is opened by its path before it is
    // read.
    let dataset = try open(section: section)
    if isPlacementValid, let address = map.sections[section].address {
      do throws(FileError) { try file.read(at: address + offset, into: buffer) } catch { throw .file(error) }
      dataBytesRead.add(buffer.count, ordering: .relaxed)
      return
    }
    // Chunks are stored compressed, so the bytes that are read from the file are counted.
    let before = file.byteCountRead
    try decode(dataset, at: offset, into: buffer)
    dataBytesRead.add(file.byteCountRead - before, ordering: .relaxed)
  }

  /// Bytes read from the file so far: those of tensors' data, and all others.
  ///
  /// The numbers are exact as long as only one thread reads.
  package var byteCountsRead: (data: Int, index: Int) {
    if !parts.isEmpty {
      return parts.reduce(into: (0, 0)) { sums, part in
        let (data, index) = part.byteCountsRead
        sums = (sums.0 + data, sums.1 + index)
      }
    }
    let data = dataBytesRead.load(ordering: .relaxed)
    return (data, file.byteCountRead - data)
  }

  /// Fills `buffer` with the file's bytes from `offset`.
  func readRaw(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
    try file.read(at: offset, into: buffer)
  }

  /// The stored headers of the flat files.
  package func headers() throws(CheckpointError) -> [[UInt8]] {
    try storedHeaders.value { () throws(CheckpointError) in
      let headers = try CheckpointOpener.headers(hdf5, path: path)
      guard Seal.checksum(of: headers) == seal.headersXXH3 else {
        throw .broken(
          .headersChecksum, path: path, place: "/\(Layout.headersGroup)",
          expected: "headers that match the checksum of /\(Layout.sealPath)", found: "a different checksum")
      }
      return headers
    }
  }

  /// The number of stored headers of flat files.
  func headerCount() throws(CheckpointError) -> Int { try CheckpointOpener.headerCount(hdf5, path: path) }

  /// The path of a section from the root.
  package func sectionPath(_ section: Int) -> String { map.sections[section].key.path(in: index) }

  /// Throws if HDF5 does not have a section with its bytes.
  func checkPresence(ofSection section: Int) throws(CheckpointError) { _ = try open(section: section) }

  /// The HDF5 dataset of a section. Throws if it does not have the type and the length in the index and, while
  /// addresses are valid, the address.
  func open(section: Int) throws(CheckpointError) -> HDF5Dataset {
    if let known = opened.withLock({ $0[section] }) { return known }
    let (key, byteCount) = (map.sections[section].key, map.sections[section].byteCount)
    let dataset: HDF5Dataset
    do throws(HDF5Error) { dataset = try hdf5.dataset(at: key.steps(in: index).map { HDF5Name($0) }) } catch {
      throw .hdf5(path: path, error)
    }
    func broken(_ defect: CheckpointDefect, _ expected: String, _ found: String) -> CheckpointError {
      .broken(defect, path: path, place: "/\(sectionPath(section))", expected: expected, found: found)
    }
    guard dataset.datatype == key.dtype.storage.type.datatype else {
      throw broken(
        .datasetType, "elements of \(key.dtype.rawValue)",
        "a different HDF5 type of \(dataset.datatype.size) bytes")
    }
    guard dataset.byteCount == byteCount else {
      throw broken(
        .datasetLength, "\(byteCount.grouped) bytes", "\(dataset.byteCount.grouped)")
    }
    // HDF5 would return fill values for these bytes; every writer of the layout allocates the datasets that it
    // describes.
    if case .unallocated = dataset.storage, byteCount > 0 {
      throw broken(.datasetStorage, "\(byteCount.grouped) stored bytes", "none")
    }
    if isPlacementValid, let address = map.sections[section].address {
      guard case .contiguous(let found, _) = dataset.storage, found == address else {
        var shown = "no contiguous bytes"
        if case .contiguous(let found, _) = dataset.storage { shown = "them at \(found)" }
        throw broken(.datasetStorage, "contiguous bytes at \(address)", shown)
      }
    }
    do throws(HDF5Error) {
      try dataset.checkPieces()
      try dataset.loadChunkIndex()
    } catch { throw .hdf5(path: path, error) }
    opened.withLock { $0[section] = dataset }
    return dataset
  }

  /// Checks that every section's bytes are inside the file, and that no two sections overlap.
  private func checkPlacement(log: inout DefectLog) throws(CheckpointError) {
    var ranges: [(range: Range<Int>, section: Int)] = []
    for (number, section) in map.sections.enumerated() {
      guard let address = section.address, section.byteCount > 0 else { continue }
      guard address <= file.size, section.byteCount <= file.size - address else {
        try log.note(
          .broken(
            .placementOutside, path: path, place: "/\(sectionPath(number))",
            expected: "bytes inside the file's \(file.size.grouped) bytes",
            found: "\(section.byteCount.grouped) bytes at \(address)"))
        continue
      }
      ranges.append((address..<address + section.byteCount, number))
    }
    ranges.sort { $0.range.lowerBound < $1.range.lowerBound }
    for (first, second) in zip(ranges, ranges.dropFirst())
    where first.range.upperBound > second.range.lowerBound {
      try log.note(
        .broken(
          .placementOverlap, path: path, place: "/\(sectionPath(second.section))",
          expected: "bytes that no other section has", found: "bytes of /\(sectionPath(first.section))"))
    }
  }
}

/// A checksum as messages show it: 16 hexadecimal digits.
func hex(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
