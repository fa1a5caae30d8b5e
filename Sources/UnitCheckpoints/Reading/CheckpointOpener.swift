internal import ByteFiles
internal import HDF5Kit
internal import Tensors

/// Reads what every use of a checkpoint needs: its identity, its tables, its seal.
struct CheckpointOpener {
  let hdf5: HDF5File
  let headers: [[UInt8]]
  let seal: SealRow
  private let tables: [[UInt8]]
  private let path: String

  let modelDigest: SHA256Digest

  /// The most bytes that the tables of one checkpoint may take, all together: some 500,000 tensors. They are decoded
  /// into values of about the same size, and a compressed table of zeros costs its sender a thousandth of that.
  static let tableLimit = 128 << 20
  /// The most bytes of stored headers: safetensors allows 100 MB for one.
  static let headerLimit = 128 << 20

  init(_ file: ReadableFile) throws(CheckpointError) {
    path = file.path
    do throws(HDF5Error) {
      hdf5 = try HDF5File(file)
    } catch { throw .hdf5(path: file.path, error) }
    try Self.checkIdentity(hdf5, path: file.path)

    var tables: [[UInt8]] = []
    var left = Self.tableLimit
    for table in LayoutV1.Table.allCases {
      let bytes = try Self.read(hdf5, table.path, path: file.path, type: Self.type(of: table), limit: left)
      left -= bytes.count
      tables.append(bytes)
    }
    self.tables = tables
    left = Self.headerLimit
    var headers: [[UInt8]] = []
    for shard in 0..<(try Self.headerCount(hdf5, path: file.path)) {
      let bytes = try Self.read(
        hdf5, "\(LayoutV1.headersGroup)/\(shard)", path: file.path, type: .u8, limit: left)
      left -= bytes.count
      headers.append(bytes)
    }
    self.headers = headers
    let sealBytes = try Self.read(
      hdf5, "\(LayoutV1.metadataGroup)/\(LayoutV1.seal)", path: file.path, type: SealRow.elementType,
      limit: left)
    seal = sealBytes.withUnsafeBytes { buffer in
      var cursor = ByteCursor(buffer)
      return SealRow(from: &cursor)
    }
    let checksum = Seal.indexChecksum(tables: tables + headers, seal: seal)
    guard checksum == seal.indexXXH3, let digest = SHA256Digest(bytes: seal.modelSHA256) else {
      throw .broken(
        .indexChecksum, path: file.path, place: "/\(LayoutV1.metadataGroup)",
        expected: "an index that matches its checksum",
        found: "other bytes: the index is damaged")
    }
    modelDigest = digest
  }

  /// The bytes of a table.
  func bytes(of table: LayoutV1.Table) -> [UInt8] {
    zip(LayoutV1.Table.allCases, tables).first { $0.0 == table }?.1 ?? []
  }

  /// Bytes of all tables, headers and the seal.
  var byteCount: Int { (tables + headers).reduce(SealRow.size) { $0 + $1.count } }

  private static func checkIdentity(_ hdf5: HDF5File, path: String) throws(CheckpointError) {
    let format: [UInt8]?
    let version: [UInt8]?
    do throws(HDF5Error) {
      format = try hdf5.root.attribute(HDF5Name(LayoutV1.formatAttribute))?.bytes()
      version = try hdf5.root.attribute(HDF5Name(LayoutV1.versionAttribute))?.bytes()
    } catch { throw .hdf5(path: path, error) }
    guard let format else { throw .notACheckpoint(path: path, found: "an HDF5 file without it") }
    guard format == Array(LayoutV1.formatValue.utf8) else {
      throw .notACheckpoint(path: path, found: TensorName(String(decoding: format, as: UTF8.self)).quoted)
    }
    // Minor versions only add what readers of 1.0 may ignore.
    guard let version else { throw .unknownVersion(path: path, found: "none") }
    guard version.count == 8 else { throw .unknownVersion(path: path, found: "\(version.count) bytes") }
    let numbers = version.withUnsafeBytes { buffer in
      [0, 4].map { UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: $0, as: UInt32.self)) }
    }
    guard numbers[0] == LayoutV1.version[0] else {
      throw .unknownVersion(path: path, found: "\(numbers[0]).\(numbers[1])")
    }
  }

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

  private static func read(
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
