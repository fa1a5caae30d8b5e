internal import ByteFiles
internal import HDF5Kit
internal import Tensors

/// Reads the parts of a checkpoint that every use needs: identity, tables and seal.
struct CheckpointOpener {
  let hdf5: HDF5File
  let seal: SealRow
  /// Whether the file holds a part of the tensors.
  let isPart: Bool
  private let tables: [[UInt8]]
  let modelDigest: SHA256Digest

  /// - Parameter log: decides whether reading ends at an unreadable table or a wrong checksum.
  init(_ file: ReadableFile, log: inout DefectLog) throws(CheckpointError) {
    let hdf5: HDF5File
    do throws(HDF5Error) { hdf5 = try HDF5File(file) } catch { throw .hdf5(path: file.path, error) }
    let isPart = try CheckpointIdentity.check(hdf5, path: file.path)
    try self.init(hdf5, isPart: isPart, path: file.path, fileSize: file.size, log: &log)
  }

  /// Reads the tables of a file that is known to be a checkpoint.
  init(
    _ hdf5: HDF5File, isPart: Bool, path: String, fileSize: Int, log: inout DefectLog
  ) throws(CheckpointError) {
    self.hdf5 = hdf5
    self.isPart = isPart
    let before = log.errors.count
    var tables: [[UInt8]] = []
    var left = LayoutLimits.tableBytes(inFileOf: fileSize)
    let metadata: HDF5Group
    do throws(HDF5Error) { metadata = try hdf5.group(at: Layout.metadataGroup) } catch {
      throw .hdf5(path: path, error)
    }
    for table in Layout.Table.allCases {
      do throws(CheckpointError) {
        // A table without rows is absent.
        guard try Self.has(table, metadata, path: path) else {
          tables.append([])
          continue
        }
        let bytes = try Self.read(hdf5, table.path, path: path, type: table.type, limit: left)
        left -= bytes.count
        tables.append(bytes)
      } catch { try log.note(error) }
    }
    let seal = try Self.readSeal(hdf5, path: path, limit: SealRow.size)
    // Hashing and decoding need all tables to be readable.
    if log.errors.count > before { throw log.errors[before] }
    let checksum = Seal.indexChecksum(tables: tables, seal: seal)
    guard let digest = SHA256Digest(bytes: seal.modelSHA256) else { throw Self.damagedIndex(path) }
    if checksum != seal.indexXXH3 { try log.note(Self.damagedIndex(path)) }
    guard seal.pageBytes.nonzeroBitCount == 1, LayoutLimits.pageBytes.contains(Int(clamping: seal.pageBytes))
    else {
      throw .broken(
        .pages, path: path, place: "/\(Layout.sealPath)",
        expected: "pages of a power of two from \(LayoutLimits.pageBytes.lowerBound.grouped) to "
          + "\(LayoutLimits.pageBytes.upperBound.grouped) bytes",
        found: "\(seal.pageBytes.grouped)")
    }
    self.tables = tables
    self.seal = seal
    modelDigest = digest
  }

  private static func has(
    _ table: Layout.Table, _ group: HDF5Group, path: String
  ) throws(CheckpointError) -> Bool {
    do throws(HDF5Error) { return try group.link(HDF5Name(table.rawValue)) != nil } catch {
      throw .hdf5(path: path, error)
    }
  }

  private static func damagedIndex(_ path: String) -> CheckpointError {
    .broken(
      .indexChecksum, path: path, place: "/\(Layout.metadataGroup)",
      expected: "an index that matches its checksum", found: "a different checksum: the index is damaged")
  }

  private static func readSeal(
    _ hdf5: HDF5File, path: String, limit: Int
  ) throws(CheckpointError) -> SealRow {
    let bytes = try read(
      hdf5, Layout.sealPath, path: path, type: SealRow.elementType, limit: limit)
    return bytes.withUnsafeBytes { buffer in
      var cursor = TableCursor(buffer)
      return SealRow(from: &cursor)
    }
  }

  /// The bytes of a table.
  func bytes(of table: Layout.Table) -> [UInt8] {
    zip(Layout.Table.allCases, tables).first { $0.0 == table }?.1 ?? []
  }

  /// The headers of the flat files.
  static func headers(_ hdf5: HDF5File, path: String) throws(CheckpointError) -> [[UInt8]] {
    var left = LayoutLimits.headerBytes
    var headers: [[UInt8]] = []
    for shard in 0..<(try headerCount(hdf5, path: path)) {
      let bytes = try read(hdf5, "\(Layout.headersGroup)/\(shard)", path: path, type: .u8, limit: left)
      left -= bytes.count
      headers.append(bytes)
    }
    return headers
  }

  static func headerCount(_ hdf5: HDF5File, path: String) throws(CheckpointError) -> Int {
    do throws(HDF5Error) {
      let metadata = try hdf5.group(at: Layout.metadataGroup)
      guard try metadata.link("headers") != nil else { return 0 }
      return try hdf5.group(at: Layout.headersGroup).links().count
    } catch { throw .hdf5(path: path, error) }
  }

  static func read(
    _ hdf5: HDF5File, _ place: String, path: String, type: HDF5ElementType, limit: Int
  ) throws(CheckpointError) -> [UInt8] {
    let dataset: HDF5Dataset
    do throws(HDF5Error) { dataset = try hdf5.dataset(at: place) } catch { throw .hdf5(path: path, error) }
    guard dataset.datatype == type.datatype else {
      throw .broken(
        .tableType, path: path, place: "/\(place)",
        expected: "rows of \(type.size) bytes of the layout's type",
        found: "a different HDF5 type of \(dataset.datatype.size) bytes")
    }
    var isStored = true
    if case .unallocated = dataset.storage { isStored = dataset.byteCount == 0 }
    guard dataset.byteCount <= limit, isStored else {
      throw .broken(
        .tableSize, path: path, place: "/\(place)",
        expected: "at most \(limit.grouped) bytes, all of them stored",
        found: "\(dataset.byteCount.grouped)\(isStored ? "" : ", none of them stored")")
    }
    do throws(HDF5Error) { return try dataset.readBytes() } catch { throw .hdf5(path: path, error) }
  }
}
