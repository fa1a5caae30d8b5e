import HDF5Kit
import Testing

@testable import UnitCheckpoints

// Owners, orders of channels, sections and stored datasets.
extension ForgedCheckpoint {
  static let owners = [
    ForgedCheckpoint(.ownerMap, "of no tensor", .owners) { $0.tables.owned[0].map = 77 },
    ForgedCheckpoint(.ownerMap, "for no tensor", .owners) {
      $0.tables.owned[$0.tables.owned.count - 1].tensor = 77
    },
    ForgedCheckpoint(.ownerMap, "the tensor itself", .owners) {
      $0.tables.owned[0].map = $0.tables.owned[0].tensor
    },
    ForgedCheckpoint(.ownerMap, "tied to the tensor itself", .owners) { forger in
      let owned = Int32(try forger.tensor("a"))
      try forger.tensor("a.owner") { $0.tiedTo = owned }
    },
    ForgedCheckpoint(.ownerMap, "of another size", .owners) { forger in
      try forger.remap("a", to: "b.owner")
    },
    ForgedCheckpoint(.ownerMap, "of another shape", .owners) { try $0.remap("a", to: "list") },
    ForgedCheckpoint(.ownerMap, "of another dtype", .owners) { forger in
      try forger.remap("b", to: "a.owner")
    },
    ForgedCheckpoint(.ownerMap, "another one for one of the owners", .owners) { forger in
      forger.tables.owned[1].map = UInt32(try forger.tensor("list"))
    },
    ForgedCheckpoint(.ownerMap, "an owner twice", .owners) { $0.tables.owned[1].unit = -1 },
    ForgedCheckpoint(.ownerMap, "an owner beyond the limit", .owners) { forger in
      forger.tables.owned[3].unit = 255
    },
    ForgedCheckpoint(.ownerMap, "an owner below the free ones", .owners) { $0.tables.owned[0].unit = -2 },
    ForgedCheckpoint(.ownerMap, "an owner without elements", .owners) { $0.tables.owned[1].elements = 0 },
    ForgedCheckpoint(.ownerMap, "more elements than there are", .owners) { $0.tables.owned[1].elements += 1 },
    ForgedCheckpoint(.ownerMap, "elements beyond counting", .owners) { $0.tables.owned[1].elements = .max },
    ForgedCheckpoint(.ownerMap, "of a tensor that is cut", .mixed) { forger in
      forger.tables.owned.insert(
        OwnedRow(tensor: 0, map: UInt32(try forger.tensor("own.map")), unit: -1, elements: 30), at: 0)
    },
    ForgedCheckpoint(.ownerMap, "that fewer networks have than the tensor", .mixed) { forger in
      let scope = forger.tables.tensors[try forger.tensor("private")].scope
      try forger.tensor("own.map") { $0.scope = scope }
    },
    ForgedCheckpoint(.ownerMap, "flipped, with a checksum that fits", .owners) { forger in
      let number = try #require(forger.datasets.firstIndex { $0.path == "tensors/a.owner" })
      forger.datasets[number].bytes[0] ^= 1
      try forger.rebuild()
      forger.repage()
    },
    ForgedCheckpoint(.reordering, "of a dimension that is cut", .mixed) { forger in
      forger.tables.reordered[0].tensor = UInt32(try forger.tensor("w"))
    },
    ForgedCheckpoint(.reordering, "of no dimension", .mixed) { $0.tables.reordered[0].dimension = 2 },
    ForgedCheckpoint(.reordering, "of no axis", .mixed) { $0.tables.reordered[0].axis = 9 },
    ForgedCheckpoint(.reordering, "of no tensor", .mixed) { $0.tables.reordered[1].tensor = 99 },
    ForgedCheckpoint(.reordering, "twice", .mixed) { $0.tables.reordered[1] = $0.tables.reordered[0] },
    ForgedCheckpoint(.reordering, "of no positions", .mixed) { $0.tables.reordered[0].inner = 0 },
    ForgedCheckpoint(.reordering, "beyond counting", .mixed) { $0.tables.reordered[0].outer = 1 << 63 },
  ]

  static let sections = [
    ForgedCheckpoint(.part, "a part without its document") { $0.format = Layout.partFormatValue },
    ForgedCheckpoint(.part, "a whole checkpoint with the document of a part") {
      $0.tables.part = CheckpointPart(1, of: 1, sizes: [4], ties: [nil], from: SourceFingerprint(1)).text
    },
    ForgedCheckpoint(.part, "a part with more tensors than there are") {
      $0.format = Layout.partFormatValue
      $0.tables.part =
        CheckpointPart(
          1, of: 1, sizes: [Int](repeating: 4, count: 99), ties: Array(repeating: nil, count: 99),
          from: SourceFingerprint(1)
        ).text
    },
    ForgedCheckpoint(.section, "a part with the sections of the whole") {
      $0.format = Layout.partFormatValue
      $0.tables.part =
        CheckpointPart(
          2, of: 2, sizes: [4, 4, 4, 4, 4], ties: [nil, nil, nil, nil, nil], from: SourceFingerprint(1)
        ).text
    },
    ForgedCheckpoint(.section, "of another kind") { try $0.section("inter/0-1/F32") { $0.kind = 3 } },
    ForgedCheckpoint(.section, "of an unknown kind") { try $0.section("inter/0-1/F32") { $0.kind = 4 } },
    ForgedCheckpoint(.section, "of an unknown dtype") {
      try $0.section("inter/0-1/F32") { $0.dtype = "F33" }
    },
    ForgedCheckpoint(.section, "of a dtype that no block has") {
      try $0.section("inter/0-1/F32") { $0.dtype = "F16" }
    },
    ForgedCheckpoint(.section, "of a unit that no block needs") { forger in
      let rows = forger.append(units: [0, 7])
      try forger.section("inter/0-1/F32") { $0.units = rows }
    },
    ForgedCheckpoint(.section, "of units that descend") { forger in
      let rows = forger.append(units: [1, 0])
      try forger.section("inter/0-1/F32") { $0.units = rows }
    },
    ForgedCheckpoint(.section, "of units that there are not") {
      try $0.section("inter/0-1/F32") { $0.units.first = .max }
    },
    ForgedCheckpoint(.section, "of a scope that there is not") {
      try $0.section("inter/0-1/F32") { $0.scope = 0 }
    },
    ForgedCheckpoint(.section, "of a scope below none") { try $0.section("inter/0-1/F32") { $0.scope = -2 } },
    ForgedCheckpoint(.section, "of a tensor that there is not") {
      try $0.section("tensors/head") { $0.tensor = 99 }
    },
    ForgedCheckpoint(.section, "of a tensor that is cut") {
      try $0.section("tensors/head") { $0.tensor = 0 }
    },
    ForgedCheckpoint(.section, "of fewer bytes") { try $0.section("intra/0/F32") { $0.bytes -= 4 } },
    ForgedCheckpoint(.section, "of more bytes than can be counted") {
      try $0.section("intra/0/F32") { $0.bytes = .max }
    },
    ForgedCheckpoint(.section, "twice") { forger in
      let row = try forger.section("intra/0/F32")
      forger.tables.sections.append(forger.tables.sections[row])
    },
    ForgedCheckpoint(.section, "twice instead of another") { forger in
      let row = try forger.section("intra/0/F32")
      let units = forger.tables.sections[row].units
      try forger.section("intra/1/F32") { $0.units = units }
    },
    ForgedCheckpoint(.section, "is missing") { forger in
      forger.tables.sections.remove(at: try forger.section("intra/0/F32"))
    },
    ForgedCheckpoint(.section, "all are missing") { $0.tables.sections = [] },
    ForgedCheckpoint(.section, "at an address beyond counting") {
      try $0.section("intra/0/F32") { $0.address = 1 << 63 }
    },
    ForgedCheckpoint(.section, "an address for no bytes", .types) {
      try $0.section("tensors/empty") { $0.address = 512 }
    },
    ForgedCheckpoint(.sectionTotal, "more than the file can hold") {
      try $0.dimension("head", 0) { $0.size = 1 << 40 }
      try $0.section("tensors/head") { $0.bytes = 4 << 40 }
    },
    ForgedCheckpoint(.pages, "no power of two") { $0.pageBytes = 65_535 },
    ForgedCheckpoint(.pages, "too small") { $0.pageBytes = 512 },
    ForgedCheckpoint(.pages, "too large") { $0.pageBytes = 1 << 21 },
    ForgedCheckpoint(.pages, "of half a number") { $0.pageBytes = 1 << 63 },
    ForgedCheckpoint(.pages, "one checksum more") { $0.tables.pages.append(0) },
    ForgedCheckpoint(.pages, "one checksum less") { $0.tables.pages.removeLast() },
    ForgedCheckpoint(.pages, "no checksum") { $0.tables.pages = [] },
  ]

  static let stored = [
    ForgedCheckpoint(.placementOutside, "behind the file") { forger in
      let end = UInt64(forger.file.count)
      try forger.section("intra/1/F32") { $0.address = end }
    },
    ForgedCheckpoint(.placementOutside, "half behind the file") { forger in
      let end = UInt64(forger.file.count)
      try forger.section("intra/1/F32") { $0.address = end - 4 }
    },
    ForgedCheckpoint(.placementOutside, "where no file reaches") {
      try $0.section("intra/1/F32") { $0.address = 1 << 63 - 1 }
    },
    ForgedCheckpoint(.placementOverlap, "two at one place") { forger in
      let first = UInt64(try forger.address(of: "intra/0/F32"))
      try forger.section("intra/1/F32") { $0.address = first }
    },
    ForgedCheckpoint(.datasetType, "integers") { try $0.dataset("tensors/head") { $0.type = .i32 } },
    ForgedCheckpoint(.datasetType, "raw bytes") {
      try $0.dataset("intra/0/F32") { ($0.type, $0.shape) = (.u8, [$0.bytes.count]) }
    },
    ForgedCheckpoint(.datasetLength, "longer") {
      try $0.dataset("intra/0/F32") {
        $0.bytes += [0, 0, 0, 0]
        $0.shape[0] += 1
      }
    },
    ForgedCheckpoint(.datasetLength, "empty") {
      try $0.dataset("tensors/head") { ($0.bytes, $0.shape) = ([], [0]) }
    },
    ForgedCheckpoint(.datasetStorage, "never written", moved: true) {
      try $0.dropStorage(of: "tensors/head", at: try $0.address(of: "tensors/head"))
    },
    ForgedCheckpoint(.datasetStorage, "elsewhere than the index says") {
      // After its 264 bytes there are others that belong to no section.
      try $0.section("inter/0-2/F32") { $0.address += 4 }
    },
    ForgedCheckpoint(.datasetChunks, "contiguous") {
      try $0.section("intra/0/F32") { $0.address = Layout.noAddress }
    },
    ForgedCheckpoint(.datasetChunks, "chunks that are no pages", .compressed) { forger in
      // Two pages become three, the two chunks stay.
      try forger.dataset("intra/0/I16") { $0.chunkElements = 131_072 }
      forger.pageBytes /= 2
      forger.repage()
    },
    ForgedCheckpoint(.datasetChunks, "a chunk is missing", .compressed) { forger in
      // The number of entries in the node that finds two chunks.
      try forger.replace(Array("TREE".utf8) + [1, 0, 2, 0], by: Array("TREE".utf8) + [1, 0, 1, 0])
    },
    ForgedCheckpoint(.datasetChunks, "another filter", .compressed) { forger in
      // The filters of version 2: shuffle with one value, then deflate; fletcher32 replaces shuffle.
      try forger.replaceInHeader(of: "intra/0/I16", [2, 2, 2, 0, 1, 0, 1, 0], by: [2, 2, 3, 0, 1, 0, 1, 0])
    },
    ForgedCheckpoint(.pageChecksum, "a changed byte") { forger in
      forger.change(at: try forger.address(of: "intra/1/F32"))
    },
    ForgedCheckpoint(.pageChecksum, "a changed checksum") { $0.tables.pages[3] ^= 1 },
    ForgedCheckpoint(.pageChecksum, "two checksums of one section, swapped", .compressed) { forger in
      let first = forger.pages(before: "intra/0/I16")
      forger.tables.pages.swapAt(first, first + 1)
    },
  ]
}

extension CheckpointForger {
  /// Changes the dataset of a section.
  mutating func dataset(_ path: String, _ change: (inout Dataset) -> Void) throws {
    guard let number = datasets.firstIndex(where: { $0.path == path }) else {
      throw ForgingError.nothing(path)
    }
    change(&datasets[number])
  }

  /// Gives a tensor another owner map.
  mutating func remap(_ name: String, to map: String) throws {
    let (number, other) = (try tensor(name), try tensor(map))
    for row in tables.owned.indices where Int(tables.owned[row].tensor) == number {
      tables.owned[row].map = UInt32(other)
    }
  }

  /// The number of pages of the sections before one.
  func pages(before path: String) -> Int {
    datasets.prefix { $0.path != path }.reduce(0) {
      $0 + ($1.bytes.count + Int(pageBytes) - 1) / Int(pageBytes)
    }
  }
}
