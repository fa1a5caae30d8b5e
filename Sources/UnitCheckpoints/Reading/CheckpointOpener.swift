internal import ByteFiles
internal import HDF5Kit
internal import Tensors

/// Reads what every use of a checkpoint needs: its identity, its tables, its seal.
struct CheckpointOpener {
  let hdf5: HDF5File
  let headers: [[UInt8]]
  let seal: SealRow
  private let tables: [[UInt8]]
  let modelDigest: SHA256Digest

  /// The most bytes that the tables of one checkpoint may take, all together: some 500,000 tensors. They are decoded
  /// into values of about the same size, and a compressed table of zeros costs its sender a thousandth of that.
  static let tableLimit = 128 << 20
  /// The most bytes of stored headers: safetensors allows 100 MB for one.
  static let headerLimit = 128 << 20

  /// - Parameter log: whether a table that cannot be read, or a checksum that does not match, ends the reading.
  init(_ file: ReadableFile, log: inout DefectLog) throws(CheckpointError) {
    let hdf5: HDF5File
    do throws(HDF5Error) { hdf5 = try HDF5File(file) } catch { throw .hdf5(path: file.path, error) }
    try CheckpointIdentity.check(hdf5, path: file.path)
    try self.init(hdf5, path: file.path, log: &log)
  }

  /// Reads the tables of a file that is known to be a checkpoint.
  init(_ hdf5: HDF5File, path: String, log: inout DefectLog) throws(CheckpointError) {
    self.hdf5 = hdf5
    let before = log.errors.count
    var tables: [[UInt8]] = []
    var left = Self.tableLimit
    for table in LayoutV1.Table.allCases {
      do throws(CheckpointError) {
        let bytes = try Self.read(hdf5, table.path, path: path, type: Self.type(of: table), limit: left)
        left -= bytes.count
        tables.append(bytes)
      } catch { try log.note(error) }
    }
    left = Self.headerLimit
    var headers: [[UInt8]] = []
    do throws(CheckpointError) {
      for shard in 0..<(try Self.headerCount(hdf5, path: path)) {
        let bytes = try Self.read(
          hdf5, "\(LayoutV1.headersGroup)/\(shard)", path: path, type: .u8, limit: left)
        left -= bytes.count
        headers.append(bytes)
      }
    } catch { try log.note(error) }
    let seal = try Self.readSeal(hdf5, path: path, limit: left)
    // Without all the tables there is nothing to hash and nothing to decode.
    if log.errors.count > before { throw log.errors[before] }
    let checksum = Seal.indexChecksum(tables: tables + headers, seal: seal)
    guard let digest = SHA256Digest(bytes: seal.modelSHA256) else { throw Self.damagedIndex(path) }
    if checksum != seal.indexXXH3 { try log.note(Self.damagedIndex(path)) }
    self.tables = tables
    self.headers = headers
    self.seal = seal
    modelDigest = digest
  }

  private static func damagedIndex(_ path: String) -> CheckpointError {
    .broken(
      .indexChecksum, path: path, place: "/\(LayoutV1.metadataGroup)",
      expected: "an index that matches its checksum", found: "other bytes: the index is damaged")
  }

  private static func readSeal(
    _ hdf5: HDF5File, path: String, limit: Int
  ) throws(CheckpointError) -> SealRow {
    let bytes = try read(
      hdf5, LayoutV1.sealPath, path: path, type: SealRow.elementType, limit: limit)
    return bytes.withUnsafeBytes { buffer in
      var cursor = ByteCursor(buffer)
      return SealRow(from: &cursor)
    }
  }

  /// The bytes of a table.
  func bytes(of table: LayoutV1.Table) -> [UInt8] {
    zip(LayoutV1.Table.allCases, tables).first { $0.0 == table }?.1 ?? []
  }

  /// Bytes of all tables, headers and the seal.
  var byteCount: Int { (tables + headers).reduce(SealRow.size) { $0 + $1.count } }

  private static func type(of table: LayoutV1.Table) -> HDF5ElementType {
    switch table {
    case .names, .plan, .source: .u8
    case .tensors: TensorRow.elementType
    case .dimensions: DimensionRow.elementType
    case .cuts: CutRow.elementType
    case .parts: PartRow.elementType
    case .segments: SegmentRow.elementType
    case .datasets: DatasetRow.elementType
    case .blocks: BlockRow.elementType
    case .coordinates: .u32
    }
  }

  private static func headerCount(_ hdf5: HDF5File, path: String) throws(CheckpointError) -> Int {
    do throws(HDF5Error) {
      let metadata = try hdf5.group(at: LayoutV1.metadataGroup)
      guard try metadata.link("headers") != nil else { return 0 }
      return try hdf5.group(at: LayoutV1.headersGroup).links().count
    } catch { throw .hdf5(path: path, error) }
  }

  static func read(
    _ hdf5: HDF5File, _ place: String, path: String, type: HDF5ElementType, limit: Int
  ) throws(CheckpointError) -> [UInt8] {
    let dataset: HDF5Dataset
    do throws(HDF5Error) { dataset = try hdf5.dataset(at: place) } catch { throw .hdf5(path: path, error) }
    guard dataset.datatype == type.datatype else {
      throw .broken(
        .tableType, path: path, place: "/\(place)", expected: "rows of \(type.size) bytes as the layout says",
        found: "another HDF5 type of \(dataset.datatype.size) bytes")
    }
    var isStored = true
    if case .unallocated = dataset.storage { isStored = dataset.byteCount == 0 }
    guard dataset.byteCount <= limit, isStored else {
      throw .broken(
        .tableSize, path: path, place: "/\(place)", expected: "at most \(limit) bytes, all of them stored",
        found: "\(dataset.byteCount)\(isStored ? "" : ", none of them stored")")
    }
    do throws(HDF5Error) { return try dataset.readBytes() } catch { throw .hdf5(path: path, error) }
  }
}
