import ByteFiles
import Deflate
import Tensors
import TestSupport

@testable import HDF5Kit
@testable import UnitCheckpoints

/// A checkpoint whose tables, headers and datasets can be changed and sealed again, as by a careless or hostile writer.
///
/// Parts that keep their size are changed in place, in compressed files too. If a table has another number of rows, or
/// a dataset was changed, the file is made anew: sections without `chunkElements` are contiguous then, and their rows
/// get the new addresses.
struct CheckpointForger {
  /// A dataset of a section.
  struct Dataset: Equatable {
    /// The path from the root, without a leading slash.
    var path: String
    var type: HDF5ElementType
    var shape: [Int]
    var bytes: [UInt8]
    /// The text of its `dtype` attribute.
    var dtype: String?
    /// Elements of a chunk of a section, if a new file should have chunks.
    var chunkElements: Int?
  }

  var file: [UInt8]
  var tables: IndexTables
  var headers: [[UInt8]]
  var shardIndex: [UInt8]?
  var datasets: [Dataset]
  /// The root attributes.
  var format = Layout.formatValue
  var version = Layout.version
  /// The HDF5 types of tables that should not have their own.
  var tableTypes: [Layout.Table: HDF5ElementType] = [:]
  /// Members of the seal; nil for one that is computed.
  var fileEnd: UInt64?
  var pageBytes: UInt64
  var modelSHA256: [UInt8]

  private var original: Original
  var places = Places()

  /// The parts that the file was made of.
  private struct Original {
    var tables: IndexTables
    var headers: [[UInt8]]
    var datasets: [Dataset]
    /// Everything else whose change requires a new file.
    var rest: String
  }

  /// The places of the bytes in the file.
  struct Places {
    /// The places of the tables, in the order of the layout; empty for one without rows.
    var tables: [Range<Int>] = []
    var headers: [Range<Int>] = []
    var seal = 0..<0
    /// Contiguous data of sections.
    var data: [Range<Int>] = []
  }

  init(path: String) throws {
    file = try TemporaryFolder.bytes(of: path)
    let readable = try ReadableFile(path: path)
    let hdf5 = try HDF5File(readable)
    let checkpoint = try UnitCheckpoint(readable)
    var log = DefectLog(goesOn: false)
    let opener = try CheckpointOpener(readable, log: &log)
    tables = IndexTables { opener.bytes(of: $0) }
    headers = try checkpoint.headers()
    pageBytes = checkpoint.seal.pageBytes
    modelSHA256 = checkpoint.seal.modelSHA256
    let metadata = try hdf5.group(at: Layout.metadataGroup)
    for table in Layout.Table.allCases {
      let isThere = try metadata.link(HDF5Name(table.rawValue)) != nil
      places.tables.append(isThere ? try Self.place(hdf5, table.path) : 0..<0)
    }
    places.headers = try headers.indices.map { try Self.place(hdf5, "\(Layout.headersGroup)/\($0)") }
    places.seal = try Self.place(hdf5, Layout.sealPath)
    if try metadata.link(HDF5Name(Layout.shardIndex)) != nil {
      shardIndex = try hdf5.dataset(at: Layout.shardIndexPath).readBytes()
    }
    datasets = []
    for (number, section) in checkpoint.map.sections.enumerated() {
      var bytes = [UInt8](repeating: 0, count: section.byteCount)
      try bytes.withUnsafeMutableBytes { try checkpoint.read(section: number, at: 0, into: $0) }
      let (shape, dtype) = checkpoint.expectedDescription(ofSection: number)
      datasets.append(
        Dataset(
          path: checkpoint.sectionPath(number), type: section.key.dtype.storage.type, shape: shape,
          bytes: bytes,
          dtype: dtype))
      if let address = section.address { places.data.append(address..<address + section.byteCount) }
    }
    original = Original(tables: tables, headers: headers, datasets: datasets, rest: "")
    original.rest = rest
  }

  private var rest: String { "\(format) \(version) \(tableTypes) \(shardIndex ?? [])" }

  private static func place(_ hdf5: HDF5File, _ path: String) throws -> Range<Int> {
    let dataset = try hdf5.dataset(at: path)
    guard case .contiguous(let address, _) = dataset.storage else { return 0..<0 }
    return address..<address + dataset.byteCount
  }

  // MARK: Rows

  /// The row of the tensor with this name.
  func tensor(_ name: String) throws -> Int {
    guard let row = tables.tensors.indices.first(where: { self.name(at: tables.tensors[$0].name) == name })
    else {
      throw ForgingError.nothing(name)
    }
    return row
  }

  /// The row of the section at this path.
  func section(_ path: String) throws -> Int {
    guard let row = tables.sections.indices.first(where: { self.path(ofSection: $0) == path }) else {
      throw ForgingError.nothing(path)
    }
    return row
  }

  /// Changes the row of a tensor.
  mutating func tensor(_ name: String, _ change: (inout TensorRow) -> Void) throws {
    change(&tables.tensors[try tensor(name)])
  }

  /// Changes the row of a section.
  mutating func section(_ path: String, _ change: (inout SectionRow) -> Void) throws {
    change(&tables.sections[try section(path)])
  }

  /// Changes a dimension of a tensor.
  mutating func dimension(_ name: String, _ number: Int, _ change: (inout DimensionRow) -> Void) throws {
    change(&tables.dimensions[Int(tables.tensors[try tensor(name)].dimensions.first) + number])
  }

  /// Gives a tensor other dimensions, and moves the rows of the tensors after it.
  mutating func reshape(_ name: String, _ rows: [DimensionRow]) throws {
    let number = try tensor(name)
    let old = tables.tensors[number].dimensions
    tables.dimensions.replaceSubrange(Int(old.first)..<Int(old.first + old.count), with: rows)
    tables.tensors[number].dimensions.count = UInt32(rows.count)
    for row in tables.tensors.indices
    where row != number && tables.tensors[row].dimensions.first > old.first {
      tables.tensors[row].dimensions.first = UInt32(
        Int(tables.tensors[row].dimensions.first) + rows.count - Int(old.count))
    }
  }

  /// Takes the stored bytes from the dataset of a section; HDF5 would return fill values for it.
  mutating func dropStorage(of path: String, at address: Int) throws {
    let word = withUnsafeBytes(of: UInt64(address).littleEndian) { Array($0) }
    try replaceInHeader(of: path, word, by: [UInt8](repeating: 0xFF, count: 8))
  }

  /// The address of the bytes of a table.
  func place(of table: Layout.Table) -> Int {
    places.tables[Layout.Table.allCases.firstIndex(of: table) ?? 0].lowerBound
  }

  /// Adds a text to `names`; returns its offset.
  mutating func append(name: String) -> UInt32 {
    var writer = ByteWriter()
    writer.append(UInt32(name.utf8.count))
    writer.append(name.utf8)
    tables.names += writer.bytes
    return UInt32(tables.names.count - writer.bytes.count)
  }

  /// Adds a list of units; returns its rows.
  mutating func append(units: [UInt32]) -> RowRange {
    tables.units += units
    return RowRange(tables.units.count - units.count, units.count)
  }

  private func name(at offset: UInt32) -> String {
    let start = Int(offset)
    guard start + 4 <= tables.names.count else { return "" }
    let length = (0..<4).reduce(0) { $0 | Int(tables.names[start + $1]) << (8 * $1) }
    return String(decoding: tables.names[(start + 4)...].prefix(length), as: UTF8.self)
  }

  /// The path of the section in a row of `sections`; nil for a row that describes none.
  func path(ofSection row: Int) -> String? {
    let section = tables.sections[row]
    guard let kind = SectionKey.Kind(rawValue: section.kind), let dtype = DType(rawValue: section.dtype)
    else {
      return nil
    }
    let units = tables.units.dropFirst(Int(section.units.first)).prefix(Int(section.units.count))
    let key = SectionKey(
      kind: kind, tensor: section.tensor < 0 ? nil : Int(section.tensor),
      scope: section.scope < 0 ? nil : Int(section.scope), units: units.map { Int($0) }, dtype: dtype)
    return key.steps { number in
      tables.tensors.indices.contains(number)
        ? LinkName.escaped(TensorName(name(at: tables.tensors[number].name))) : ""
    }.joined(separator: "/")
  }

  // MARK: Files

  /// Computes the checksums of all pages from the current datasets.
  mutating func repage() {
    tables.pages = []
    for row in tables.sections.indices {
      guard let dataset = datasets.first(where: { $0.path == path(ofSection: row) }) else { continue }
      for start in stride(from: 0, to: dataset.bytes.count, by: Int(pageBytes)) {
        let page = dataset.bytes[start..<min(start + Int(pageBytes), dataset.bytes.count)]
        tables.pages.append(page.withUnsafeBytes { RunChecksum.of($0) })
      }
    }
  }

  /// Computes the model digest from the current rows of the tensors.
  mutating func remodel() throws {
    var log = DefectLog(goesOn: false)
    let index = try IndexDecoder.decode(tables, path: "forged", log: &log)
    modelSHA256 = modelDigest(of: index.tensors.map { ($0.spec, $0.digest) }).bytes
  }

  /// Writes the file anew, with the current tables, headers and datasets.
  mutating func rebuild() throws {
    let memory = try NamelessFile()
    let skeleton = try HDF5SkeletonWriter(
      memory: memory,
      datasetCount: datasets.count + Layout.Table.allCases.count - (tables.part.isEmpty ? 1 : 0)
        + headers.count
        + 2,
      hasChunks: datasets.contains { $0.chunkElements != nil })
    try skeleton.writeRootAttribute(
      Layout.formatAttribute, type: .string(length: format.utf8.count), bytes: Array(format.utf8))
    var writer = ByteWriter()
    for number in version { writer.append(number) }
    try skeleton.writeRootAttribute(
      Layout.versionAttribute, type: .u32, shape: [version.count], bytes: writer.bytes)
    try skeleton.createGroup(Layout.metadataGroup)
    var contents: [(bytes: [UInt8], place: Range<Int>)] = []
    func add(_ name: String, in group: String, _ type: HDF5ElementType, _ bytes: [UInt8], _ shape: [Int])
      throws -> Range<Int>
    {
      let address = try skeleton.createDataset(name, in: group, type: type, shape: shape) ?? 0
      contents.append((bytes, address..<address + bytes.count))
      return address..<address + bytes.count
    }
    places = Places()
    for table in Layout.Table.allCases {
      let bytes = tables.bytes(of: table)
      let type = tableTypes[table] ?? table.type
      places.tables.append(
        bytes.isEmpty
          ? 0..<0 : try add(table.rawValue, in: Layout.metadataGroup, type, bytes, [bytes.count / type.size]))
    }
    if !headers.isEmpty { try skeleton.createGroup(Layout.headersGroup) }
    for (number, header) in headers.enumerated() {
      places.headers.append(try add("\(number)", in: Layout.headersGroup, .u8, header, [header.count]))
    }
    if let shardIndex {
      _ = try add(Layout.shardIndex, in: Layout.metadataGroup, .u8, shardIndex, [shardIndex.count])
    }
    places.seal = try add(
      Layout.seal, in: Layout.metadataGroup, SealRow.elementType, [UInt8](repeating: 0, count: SealRow.size),
      [])
    var chunked: [(dataset: Dataset, header: Int)] = []
    for dataset in datasets {
      let names = dataset.path.split(separator: "/").map(String.init)
      var group = ""
      for name in names.dropLast() {
        group += group.isEmpty ? name : "/\(name)"
        if !skeleton.hasGroup(group) { try skeleton.createGroup(group) }
      }
      if let elements = dataset.chunkElements {
        chunked.append(
          (
            dataset,
            try skeleton.createDataset(
              names[names.count - 1], in: group, type: dataset.type, shape: dataset.shape,
              chunkShape: [elements])
          ))
        for row in tables.sections.indices where path(ofSection: row) == dataset.path {
          tables.sections[row].address = Layout.noAddress
        }
        continue
      }
      let address = try skeleton.createDataset(
        names[names.count - 1], in: group, type: dataset.type, shape: dataset.shape,
        attributes: dataset.dtype.map { [(Layout.dtypeAttribute, $0)] } ?? [])
      for row in tables.sections.indices where path(ofSection: row) == dataset.path {
        tables.sections[row].address = address.map { UInt64($0) } ?? Layout.noAddress
      }
      if let address {
        contents.append((dataset.bytes, address..<address + dataset.bytes.count))
        places.data.append(address..<address + dataset.bytes.count)
      }
    }
    try skeleton.close()
    try writeChunks(chunked, into: memory)
    let made = try memory.readable(as: "forged")
    file = try made.bytes(at: 0, count: made.size)
    for (bytes, place) in contents { file.replaceSubrange(place, with: bytes) }
    original = Original(tables: IndexTables(), headers: headers, datasets: datasets, rest: rest)
    writeTables()
    original.tables = tables
  }

  private func writeChunks(_ chunked: [(dataset: Dataset, header: Int)], into memory: NamelessFile) throws {
    if chunked.isEmpty { return }
    let closed = try memory.readable(as: "forged")
    for (bytes, place) in try HDF5SkeletonFile.extensionPatch(of: closed) {
      try memory.write(bytes, at: place)
    }
    let made = try memory.readable(as: "forged")
    let skeleton = try HDF5SkeletonFile(made)
    var patches: HDF5SkeletonFile.Patch = []
    var end = (made.size + 7) & ~7
    for (dataset, header) in chunked {
      let size = (dataset.chunkElements ?? 0) * dataset.type.size
      let encoder = ChunkEncoder(capacity: size)
      let output = UnsafeMutableRawBufferPointer.allocate(
        byteCount: ChunkEncoder.outputLimit(size, elementSize: 16), alignment: 64)
      defer { output.deallocate() }
      var places: [ChunkPlace] = []
      for start in stride(from: 0, to: dataset.bytes.count, by: size) {
        let piece = Array(dataset.bytes[start..<min(start + size, dataset.bytes.count)])
        let chunk = piece + [UInt8](repeating: 0, count: size - piece.count)
        let count = chunk.withUnsafeBytes { encoder.encode($0, elementSize: dataset.type.size, into: output) }
        patches.append((Array(output[..<count]), end))
        places.append(ChunkPlace(address: end, count: count))
        end += count
      }
      end = (end + 7) & ~7
      let tree = ChunkTree(
        shape: dataset.shape, chunkShape: [dataset.chunkElements ?? 0], elementSize: dataset.type.size)
      let (nodes, root) = tree.nodes(places, at: end)
      patches.append((nodes, end))
      end += nodes.count
      patches += try skeleton.indexPatch(ofDatasetAt: header, root: root)
    }
    patches += try skeleton.endPatch(end)
    for (bytes, place) in patches { try memory.write(bytes, at: place) }
  }

  /// Writes changed tables and headers into their places; returns false if they do not fit.
  @discardableResult private mutating func writeTables() -> Bool {
    for (table, place) in zip(Layout.Table.allCases, places.tables) {
      let bytes = tables.bytes(of: table)
      guard bytes != original.tables.bytes(of: table) else { continue }
      guard bytes.count == place.count else { return false }
      file.replaceSubrange(place, with: bytes)
    }
    for (number, place) in places.headers.enumerated() where headers[number] != original.headers[number] {
      file.replaceSubrange(place, with: headers[number])
    }
    return true
  }

  /// The changed file with its old seal.
  mutating func unsealed() throws -> [UInt8] {
    guard writeTables() else { throw ForgingError.nothing("tables of the same size") }
    return file
  }

  /// The changed file with a seal that fits; extra bytes at the end make placement void.
  mutating func sealed(extra: [UInt8] = []) throws -> [UInt8] {
    let isSame =
      datasets == original.datasets && rest == original.rest
      && headers.map(\.count) == original.headers.map(\.count)
    if !isSame || !writeTables() { try rebuild() }
    var seal = SealRow(
      fileEnd: fileEnd ?? UInt64(file.count), pageBytes: pageBytes, restXXH3: 0,
      headersXXH3: Seal.checksum(of: places.headers.map { Array(file[$0]) }), modelSHA256: modelSHA256,
      indexXXH3: 0)
    let ranges = (places.data + [places.seal]).sorted { $0.lowerBound < $1.lowerBound }
    seal.restXXH3 = Seal.restChecksum(fileSize: file.count, leavingOut: ranges) { [file] offset, buffer in
      buffer.copyBytes(from: file[offset..<offset + buffer.count])
    }
    seal.indexXXH3 = Seal.indexChecksum(tables: places.tables.map { Array(file[$0]) }, seal: seal)
    var writer = ByteWriter()
    seal.encode(into: &writer)
    file.replaceSubrange(places.seal, with: writer.bytes)
    return file + extra
  }

  /// Writes random values into random members of the index.
  mutating func mutate(_ generator: inout SeededGenerator) throws {
    for _ in 0...generator.number(in: 0...1) {
      // Without plan and source, which are text.
      let place = places.tables[generator.number(in: 0...places.tables.count - 3)]
      guard place.count >= 8 else { continue }
      let word = generator.number(in: 0...place.count / 4 - 2) * 4 + place.lowerBound
      let values: [UInt64] = [
        0, 1, 2, 3, .max, 1 << 63, 1 << 62, 1 << 40, UInt64(file.count), generator.next(),
      ]
      let width = generator.number(in: 0...2) == 0 ? 8 : 4
      var value = values[generator.number(in: 0...values.count - 1)]
      if generator.number(in: 0...2) == 0 { value = UInt64(file[word]) &+ 1 }
      let bytes = withUnsafeBytes(of: value.littleEndian) { Array($0) }
      file.replaceSubrange(word..<word + width, with: bytes[..<width])
    }
  }
}

/// The error of a forgery that found nothing to change.
enum ForgingError: Error { case nothing(String) }
