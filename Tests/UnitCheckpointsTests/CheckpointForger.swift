import ByteFiles
import HDF5Kit
import TestSupport

@testable import UnitCheckpoints

/// A checkpoint whose index can be changed and sealed again, as a careless or hostile writer would.
struct CheckpointForger {
  private(set) var file: [UInt8]
  /// Where each table's bytes are, in the order in which the checksum takes them; the stored headers follow.
  private var places: [Range<Int>] = []
  private var headers: [Range<Int>] = []
  private var sealPlace = 0..<0
  private let hdf5: HDF5File

  init(path: String) throws {
    file = try TemporaryFolder.bytes(of: path)
    hdf5 = try HDF5File(try ReadableFile(path: path))
    for table in LayoutV1.Table.allCases { places.append(try Self.place(hdf5, table.path)) }
    for link in try hdf5.group(at: LayoutV1.headersGroup).links() {
      headers.append(try Self.place(hdf5, "\(LayoutV1.headersGroup)/\(link.name)"))
    }
    sealPlace = try Self.place(hdf5, LayoutV1.sealPath)
  }

  private static func place(_ hdf5: HDF5File, _ path: String) throws -> Range<Int> {
    let dataset = try hdf5.dataset(at: path)
    guard case .contiguous(let address, _) = dataset.storage else { return 0..<0 }
    return address..<address + dataset.byteCount
  }

  private func place(of table: LayoutV1.Table) -> Range<Int> {
    places[LayoutV1.Table.allCases.firstIndex(of: table) ?? 0]
  }

  /// The bytes of a table, which keep their number.
  subscript(table: LayoutV1.Table) -> [UInt8] {
    get { Array(file[place(of: table)]) }
    set {
      if newValue.count == place(of: table).count { file.replaceSubrange(place(of: table), with: newValue) }
    }
  }

  /// The bytes of a stored header, which keep their number.
  subscript(header number: Int) -> [UInt8] {
    get { Array(file[headers[number]]) }
    set {
      if newValue.count == headers[number].count { file.replaceSubrange(headers[number], with: newValue) }
    }
  }

  /// Changes a row; negative numbers count from the end.
  mutating func change<Row: IndexRow>(
    _ table: LayoutV1.Table, _ number: Int, _ type: Row.Type, _ change: (inout Row) -> Void
  ) {
    let count = place(of: table).count / Row.size
    let start = (number < 0 ? count + number : number) * Row.size
    var row = self[table].withUnsafeBytes { buffer in
      var cursor = ByteCursor(UnsafeRawBufferPointer(rebasing: buffer[start..<start + Row.size]))
      return Row(from: &cursor)
    }
    change(&row)
    var writer = ByteWriter()
    row.encode(into: &writer)
    self[table].replaceSubrange(start..<start + Row.size, with: writer.bytes)
  }

  mutating func tensor(_ number: Int, _ change: (inout TensorRow) -> Void) {
    self.change(.tensors, number, TensorRow.self, change)
  }
  mutating func dimension(_ number: Int, _ change: (inout DimensionRow) -> Void) {
    self.change(.dimensions, number, DimensionRow.self, change)
  }
  mutating func cut(_ number: Int, _ change: (inout CutRow) -> Void) {
    self.change(.cuts, number, CutRow.self, change)
  }
  mutating func dataset(_ number: Int, _ change: (inout DatasetRow) -> Void) {
    self.change(.datasets, number, DatasetRow.self, change)
  }
  mutating func block(_ number: Int, _ change: (inout BlockRow) -> Void) {
    self.change(.blocks, number, BlockRow.self, change)
  }
  mutating func coordinate(_ number: Int, _ value: UInt8) {
    let count = self[.coordinates].count / 4
    self[.coordinates][4 * (number < 0 ? count + number : number)] = value
  }

  /// Replaces the only occurrence of `old` in the file; the test fails elsewhere when there is none.
  mutating func replace(_ old: [UInt8], by new: [UInt8], after start: Int = 0) {
    guard let place = (start..<file.count - old.count).first(where: { file[$0...].starts(with: old) }) else {
      return
    }
    file.replaceSubrange(place..<place + new.count, with: new)
  }

  /// Changes one byte of the file.
  mutating func change(at place: Int, by bits: UInt8 = 0x40) { file[place] ^= bits }

  /// Where the header of the group at a path begins.
  func groupAddress(of path: String) throws -> Int { try hdf5.group(at: path).address }

  /// Where the header of the object at a path begins.
  func address(of path: String) throws -> Int { try hdf5.dataset(at: path).address }

  /// The link to a dataset becomes a soft link; its entry in the symbol table keeps name and place.
  mutating func makeSoft(_ path: String) throws {
    let address = withUnsafeBytes(of: UInt64(try address(of: path)).littleEndian) { Array($0) }
    guard let place = file.indices.dropLast(32).first(where: { file[$0...].starts(with: address) }) else {
      return
    }
    // Cache type 2, and in the scratch pad the offset of the target in the heap: the name's own will do.
    file.replaceSubrange(place + 8..<place + 12, with: [2, 0, 0, 0])
    file.replaceSubrange(place + 16..<place + 20, with: file[place - 8..<place - 4])
  }

  /// The model digest in the seal becomes another.
  mutating func changeModelDigest() { file[sealPlace.lowerBound + 16] ^= 1 }

  /// Replaces text of the plan by other text of its length.
  mutating func replan(_ old: String, by new: String) {
    let plan = self[.plan]
    guard let place = plan.indices.first(where: { plan[$0...].starts(with: old.utf8) }) else { return }
    self[.plan].replaceSubrange(place..<place + old.utf8.count, with: new.utf8)
  }

  /// The links to two objects change places.
  mutating func swapLinks(_ first: String, _ second: String) throws {
    let addresses = [try hdf5.dataset(at: first).address, try hdf5.dataset(at: second).address]
    let words = addresses.map { address in withUnsafeBytes(of: UInt64(address).littleEndian) { Array($0) } }
    let places = words.map { word in file.indices.dropLast(8).first { file[$0...].starts(with: word) } }
    guard let a = places[0], let b = places[1] else { return }
    file.replaceSubrange(a..<a + 8, with: words[1])
    file.replaceSubrange(b..<b + 8, with: words[0])
  }

  /// The dataset's storage is taken away: its layout says that nothing was ever written.
  mutating func dropStorage(of path: String) throws {
    let place = try Self.place(hdf5, path)
    var pattern = withUnsafeBytes(of: UInt64(place.lowerBound).littleEndian) { Array($0) }
    pattern += withUnsafeBytes(of: UInt64(place.count).littleEndian) { Array($0) }
    // In the object header: the index holds address and length side by side too.
    replace(pattern, by: [UInt8](repeating: 0xFF, count: 8), after: try hdf5.dataset(at: path).address)
  }

  /// Random values in random members of the index.
  mutating func mutate(_ generator: inout SeededGenerator) {
    for _ in 0...generator.number(in: 0...1) {
      let table = generator.number(in: 0...9)
      let place = places[table]
      guard place.count >= 8 else { continue }
      let word = generator.number(in: 0...place.count / 8 - 1) * 8 + place.lowerBound
      let values: [UInt64] = [
        0, 1, 2, 3, .max, 1 << 63, 1 << 62, 1 << 40, UInt64(file.count), generator.next(),
      ]
      var value = values[generator.number(in: 0...values.count - 1)]
      if generator.number(in: 0...2) == 0 { value = UInt64(file[word]) &+ 1 }
      file.replaceSubrange(word..<word + 8, with: withUnsafeBytes(of: value.littleEndian) { Array($0) })
    }
  }

  /// The file with a seal that fits its index; more bytes at the end make placement void.
  func sealed(extra: [UInt8] = []) -> [UInt8] {
    var seal = file[sealPlace].withUnsafeBytes { buffer in
      var cursor = ByteCursor(buffer)
      return SealRow(from: &cursor)
    }
    seal.indexXXH3 = Seal.indexChecksum(tables: (places + headers).map { Array(file[$0]) }, seal: seal)
    var writer = ByteWriter()
    seal.encode(into: &writer)
    var result = file
    result.replaceSubrange(sealPlace, with: writer.bytes)
    return result + extra
  }
}
