import Tensors
import TestSupport

@testable import UnitCheckpoints

/// A checkpoint with one defect.
struct ForgedCheckpoint: CustomStringConvertible, Sendable {
  let defect: CheckpointDefect
  let label: String
  let golden: GoldenCheckpoint
  /// Whether the seal's checksum is made to fit the changed index.
  let isSealed: Bool
  /// Whether the file's length is changed, so that datasets are looked up by their paths.
  let isMoved: Bool
  let forge: @Sendable (inout CheckpointForger) throws -> Void

  var description: String { "\(defect.rawValue): \(label)" }

  init(
    _ defect: CheckpointDefect, _ label: String, _ golden: GoldenCheckpoint = .grid, sealed: Bool = true,
    moved: Bool = false, _ forge: @escaping @Sendable (inout CheckpointForger) throws -> Void
  ) {
    self.defect = defect
    self.label = label
    self.golden = golden
    isSealed = sealed
    isMoved = moved
    self.forge = forge
  }

  func bytes() throws -> [UInt8] {
    var forger = try CheckpointForger(path: golden.path)
    try forge(&forger)
    let extra: [UInt8] = isMoved ? [0] : []
    return isSealed ? forger.sealed(extra: extra) : forger.file + extra
  }

  static let all = metadata + tables + tensors + datasets + blocks + stored

  static let metadata = [
    ForgedCheckpoint(.tableType, "coordinates where names are") {
      try $0.swapLinks("tessera/names", "tessera/coordinates")
    },
    ForgedCheckpoint(.tableSize, "never written") { try $0.dropStorage(of: "tessera/coordinates") },
    ForgedCheckpoint(.indexChecksum, "a changed digest", sealed: false) {
      $0.tensor(0) { $0.sha256[3] ^= 1 }
    },
    ForgedCheckpoint(.indexChecksum, "a changed header", sealed: false) {
      $0.replace(Array(#""bias""#.utf8), by: Array(#""bins""#.utf8))
    },
    ForgedCheckpoint(.source, "not JSON") { $0[.source][0] = UInt8(ascii: "[") },
    ForgedCheckpoint(.source, "another document") {
      $0.replace(Array("tessera.source/1".utf8), by: Array("tessera.source/9".utf8))
    },
    ForgedCheckpoint(.sourceHeaders, "no shard has the header") {
      $0.replace(Array(#""header": 0"#.utf8), by: Array(#""header":[]"#.utf8))
    },
    ForgedCheckpoint(.shardIndex, "a changed byte of the index", .sharded) {
      $0.replace(Array("weight_map".utf8), by: Array("weight_mop".utf8))
    },
    ForgedCheckpoint(.shardIndex, "a digest of another length", .sharded) {
      $0.replace(Array(#""sha256": ""#.utf8), by: Array(#""sha256":" "#.utf8))
    },
    ForgedCheckpoint(.source, "an index without a name", .sharded) {
      $0.replace(
        Array(#""index": {"#.utf8 + Array("\n    \"name\"".utf8)),
        by: Array(#""index": {"#.utf8 + Array("\n    \"nome\"".utf8)))
    },
  ]

  static let tables = [
    ForgedCheckpoint(.rowRange, "parts of a cut") { $0.cut(0) { $0.partCount = 9_999 } },
    ForgedCheckpoint(.rowRange, "segments of a cut") { $0.cut(1) { $0.segmentCount = .max } },
    ForgedCheckpoint(.rowRange, "dimensions of a tensor") { $0.tensor(0) { $0.rank = 1 << 40 } },
    ForgedCheckpoint(.rowRange, "datasets of a tensor") { $0.tensor(2) { $0.datasetCount = 99 } },
    ForgedCheckpoint(.rowRange, "blocks of a dataset") { $0.dataset(-1) { $0.blockCount = 99 } },
    ForgedCheckpoint(.rowRange, "coordinates of a block") { $0.block(0) { $0.firstCoordinate = .max } },
    ForgedCheckpoint(.rowOrder, "two cuts share parts") { $0.cut(1) { $0.firstPart = 0 } },
    ForgedCheckpoint(.rowOrder, "two cuts share segments") { $0.cut(1) { $0.firstSegment = 0 } },
    ForgedCheckpoint(.rowOrder, "two tensors share dimensions") { $0.tensor(3) { $0.firstDimension = 5 } },
    ForgedCheckpoint(.rowOrder, "two tensors share a dataset") { $0.tensor(3) { $0.firstDataset = 6 } },
    ForgedCheckpoint(.rowOrder, "two datasets share a block") { $0.dataset(1) { $0.firstBlock = 0 } },
    ForgedCheckpoint(.rowOrder, "two blocks share coordinates") { $0.block(1) { $0.firstCoordinate = 0 } },
    ForgedCheckpoint(.rowLeftOver, "a coordinate") { $0.block(-1) { $0.coordinateCount = 0 } },
    ForgedCheckpoint(.rowLeftOver, "a dataset", .types) { $0.tensor(-1) { $0.datasetCount = 0 } },
    ForgedCheckpoint(.nameRange, "behind the names") { $0.tensor(0) { $0.name = 1 << 50 } },
    ForgedCheckpoint(.nameRange, "an axis behind the names") {
      $0.change(.parts, 0, PartRow.self) { $0.axis = 1 << 50 }
    },
    ForgedCheckpoint(.nameRange, "too long") { $0[.names][3] = 0x7F },
    ForgedCheckpoint(.nameText, "not UTF-8") { $0[.names][4] = 0xFF },
    ForgedCheckpoint(.nameOverlap, "a name inside another") {
      // "conv.weight" holds a name of seven bytes, which is longer than "bias".
      $0.tensor(1) { $0.name = 4 }
      $0[.names].replaceSubrange(4..<8, with: [7, 0, 0, 0])
    },
  ]

  static let tensors = [
    ForgedCheckpoint(.cutPart, "an impossible unit") {
      $0.change(.parts, 1, PartRow.self) { $0.unit = 5_000 }
    },
    ForgedCheckpoint(.cutPart, "a unit without an axis") {
      $0.change(.parts, 1, PartRow.self) { $0.axis = -1 }
    },
    ForgedCheckpoint(.cutSegment, "of no part") { $0.change(.segments, 0, SegmentRow.self) { $0.part = 3 } },
    ForgedCheckpoint(.cutSegment, "empty") { $0.change(.segments, 0, SegmentRow.self) { $0.length = 0 } },
    ForgedCheckpoint(.cutSegment, "endless") {
      $0.change(.segments, 1, SegmentRow.self) { $0.length = .max }
    },
    ForgedCheckpoint(.tensorName, "twice") { forger in
      var first: UInt64 = 0
      forger.tensor(0) { first = $0.name }
      forger.tensor(1) { $0.name = first }
    },
    ForgedCheckpoint(.tensorDType, "unknown") { $0.tensor(0) { $0.dtype = "F33" } },
    ForgedCheckpoint(.tensorDimension, "of no cut") { $0.dimension(0) { $0.cut = 7 } },
    ForgedCheckpoint(.tensorDimension, "below no cut") { $0.dimension(0) { $0.cut = -2 } },
    ForgedCheckpoint(.tensorDimension, "longer than its cut") { $0.dimension(0) { $0.size = 9 } },
    ForgedCheckpoint(.tensorDimension, "beyond counting") { $0.dimension(2) { $0.size = 1 << 63 } },
    ForgedCheckpoint(.tensorShape, "too large") { $0.dimension(2) { $0.size = 1 << 60 } },
    ForgedCheckpoint(.tensorShape, "ends inside a byte", .types) { forger in
      // The packed tensor is the fifth of two dimensions each; its second one is not cut.
      forger.dimension(9) { $0.size = 3 }
      forger.dimension(8) { ($0.size, $0.cut) = (1, -1) }
    },
    ForgedCheckpoint(.tensorBytes, "one more") { $0.tensor(0) { $0.bytes += 1 } },
    ForgedCheckpoint(.tensorBlocks, "three parts to the power of thirteen", .types) { forger in
      for number in 0..<13 { forger.dimension(number) { ($0.size, $0.cut) = (6, 0) } }
      forger.tensor(0) { $0.rank = 13 }
    },
    ForgedCheckpoint(.tieTarget, "to itself") { $0.tensor(0) { $0.tiedTo = 0 } },
    ForgedCheckpoint(.tieTarget, "to no tensor") { $0.tensor(0) { $0.tiedTo = 99 } },
    ForgedCheckpoint(.tieTarget, "below no tensor") { $0.tensor(0) { $0.tiedTo = -2 } },
    ForgedCheckpoint(.tieTarget, "with datasets") { $0.tensor(3) { $0.tiedTo = 2 } },
    ForgedCheckpoint(.tieDisagrees, "of another shape") { forger in
      forger.tensor(-1) { ($0.tiedTo, $0.datasetCount) = (0, 0) }
    },
  ]

  static let datasets = [
    ForgedCheckpoint(.datasetOwner, "of another tensor") { $0.dataset(0) { $0.tensor = 1 } },
    ForgedCheckpoint(.datasetOwner, "in no group") { $0.dataset(0) { $0.owner = -5 } },
    ForgedCheckpoint(.datasetOwner, "twice in a group") { $0.dataset(1) { $0.owner = 0 } },
    ForgedCheckpoint(.datasetOwner, "whole beside a unit's") { $0.dataset(1) { $0.owner = -2 } },
    ForgedCheckpoint(.datasetExtent, "one byte more") { $0.dataset(0) { $0.bytes += 1 } },
    ForgedCheckpoint(.datasetExtent, "of no layout") { $0.dataset(0) { $0.contiguous = 2 } },
    ForgedCheckpoint(.datasetExtent, "where no file reaches") { $0.dataset(0) { $0.address = .max - 1 } },
    ForgedCheckpoint(.datasetExtent, "compressed, at an address", .compressed) {
      $0.dataset(0) { $0.address = 4096 }
    },
    ForgedCheckpoint(.datasetTotal, "more than the file can hold") { forger in
      forger.dimension(5) { $0.size = 1 << 40 }
      forger.tensor(2) { $0.bytes = 1 << 42 }
    },
  ]

  static let blocks = [
    ForgedCheckpoint(.blockCoordinates, "one of two") { $0.block(0) { $0.coordinateCount = 1 } },
    ForgedCheckpoint(.blockPart, "of no part") { $0.coordinate(1, 77) },
    ForgedCheckpoint(.blockOwner, "another unit's") { $0.coordinate(0, 1) },
    ForgedCheckpoint(.blockExtent, "begins late") { $0.block(0) { $0.offset = 4 } },
    ForgedCheckpoint(.blockExtent, "longer") { $0.block(0) { $0.bytes += 4 } },
    ForgedCheckpoint(.blockExtent, "compressed, begins in the one before", .compressed) {
      $0.block(1) { $0.offset -= 4 }
    },
    ForgedCheckpoint(.blockExtent, "compressed, begins beyond counting", .compressed) {
      $0.block(1) { $0.offset = .max - 3 }
    },
    ForgedCheckpoint(.blockTotal, "too few bytes") { forger in
      // The second block becomes another one of the third's size.
      var small: UInt64 = 0
      var large: UInt64 = 0
      forger.block(2) { small = $0.bytes }
      forger.coordinate(3, 2)
      forger.block(1) { (large, $0.bytes) = ($0.bytes, small) }
      forger.block(2) { $0.offset -= large - small }
      forger.dataset(0) { $0.bytes -= large - small }
    },
    ForgedCheckpoint(.blockTotal, "too many bytes") { forger in
      // The third block becomes another one of the first's size.
      var small: UInt64 = 0
      var large: UInt64 = 0
      forger.block(0) { large = $0.bytes }
      forger.coordinate(5, 0)
      forger.block(2) { (small, $0.bytes) = ($0.bytes, large) }
      forger.dataset(0) { $0.bytes += large - small }
    },
    ForgedCheckpoint(.blockCoordinates, "another owner than the dataset's", .owners) { $0.coordinate(1, 2) },
    ForgedCheckpoint(.ownerMap, "of no tensor", .owners) { $0.coordinate(0, 77) },
    ForgedCheckpoint(.ownerMap, "the tensor itself", .owners) { $0.coordinate(0, 0) },
    ForgedCheckpoint(.ownerMap, "of another size", .owners) { forger in
      for place in [0, 2, 4, 6] { forger.coordinate(place, 2) }
    },
    ForgedCheckpoint(.ownerMap, "of another shape", .owners) { forger in
      for place in [0, 2, 4, 6] { forger.coordinate(place, 6) }
    },
    ForgedCheckpoint(.ownerMap, "another one for one of the owners", .owners) { $0.coordinate(2, 2) },
    ForgedCheckpoint(.ownerMap, "a flipped owner with a checksum that fits", .owners) { forger in
      var place = 0
      forger.dataset(4) { place = Int($0.address) }
      forger.change(at: place, by: 1)
      let sum = forger.file[place..<place + 12].withUnsafeBytes { RunChecksum.of($0) }
      forger.block(4) { $0.xxh3 = sum }
    },
    ForgedCheckpoint(.blockExtent, "half an element", .owners) { $0.block(0) { $0.bytes += 2 } },
    ForgedCheckpoint(.blockMissing, "one twice, another of its size not at all") { $0.coordinate(3, 0) },
  ]

  static let stored = [
    ForgedCheckpoint(.placementOutside, "behind the file") { forger in
      let end = UInt64(forger.file.count)
      forger.dataset(0) { $0.address = end }
    },
    ForgedCheckpoint(.placementOverlap, "two at one place") { forger in
      var first: UInt64 = 0
      forger.dataset(0) { first = $0.address }
      forger.dataset(1) { $0.address = first }
    },
    ForgedCheckpoint(.datasetType, "integers", moved: true) { $0.tensor(2) { $0.dtype = "I32" } },
    ForgedCheckpoint(.datasetLength, "another tensor's", moved: true) {
      try $0.swapLinks("units/0/bias", "units/0/conv.weight")
    },
    ForgedCheckpoint(.datasetStorage, "never written", moved: true) {
      try $0.dropStorage(of: "tensors/head")
    },
    ForgedCheckpoint(.datasetStorage, "two that have changed places") { forger in
      var places: [UInt64] = [0, 0]
      forger.dataset(6) { places[0] = $0.address }
      forger.dataset(7) { places[1] = $0.address }
      forger.dataset(6) { $0.address = places[1] }
      forger.dataset(7) { $0.address = places[0] }
    },
    ForgedCheckpoint(.datasetChunks, "contiguous") {
      $0.dataset(0) { ($0.address, $0.contiguous) = (.max, 0) }
    },
    ForgedCheckpoint(.datasetChunks, "a block inside a chunk", .compressed) {
      $0.block(1) { $0.offset += 4 }
    },
    ForgedCheckpoint(.datasetChunks, "a chunk is missing", .compressed) {
      // The entries of the node that finds three chunks.
      $0.replace(Array("TREE".utf8) + [1, 0, 3, 0], by: Array("TREE".utf8) + [1, 0, 2, 0])
    },
    ForgedCheckpoint(.datasetChunks, "another filter", .compressed) { forger in
      // Version 1 of the message with two filters, the first of which is shuffle: fletcher32 instead.
      forger.replace([1, 2, 0, 0, 0, 0, 0, 0, 2, 0], by: [1, 2, 0, 0, 0, 0, 0, 0, 3, 0])
    },
    ForgedCheckpoint(.runChecksum, "a changed byte") { forger in
      var place = 0
      forger.dataset(4) { place = Int($0.address) }
      forger.change(at: place)
    },
    ForgedCheckpoint(.runChecksum, "a changed checksum") { $0.block(3) { $0.xxh3 ^= 1 } },
  ]
}
