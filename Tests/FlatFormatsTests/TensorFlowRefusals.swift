import FlatFormats
import Foundation
import Tensors
import TestSupport

extension RefusalCase {
  private static func bundle(
    _ rule: FlatFormatRule, _ label: String, _ change: @escaping @Sendable (inout BundleBytes) -> Void
  ) -> RefusalCase {
    RefusalCase(defect: .format(rule), label: label) { folder in
      _ = try readAll(try BundleBytes().with(change).write(in: folder))
    }
  }

  private static func entry(
    _ rule: FlatFormatRule, _ label: String, _ change: @escaping @Sendable (inout BundleBytes.Entry) -> Void
  ) -> RefusalCase {
    bundle(rule, label) { change(&$0.entries[0]) }
  }

  /// A variable of the shape [4, 3] in slices of its first axis, with a change.
  private static func sliced(
    _ rule: FlatFormatRule, _ label: String, _ change: @escaping @Sendable (inout BundleBytes) -> Void
  ) -> RefusalCase {
    RefusalCase(defect: .format(rule), label: label) { folder in
      _ = try readAll(try BundleBytes.sliced.with(change).write(in: folder))
    }
  }

  private static func folder(
    _ rule: FlatFormatRule, _ label: String, _ fill: @escaping @Sendable (TemporaryFolder) throws -> Void
  ) -> RefusalCase {
    RefusalCase(defect: .format(rule), label: label) { folder in
      try FileManager.default.createDirectory(
        atPath: folder.file("set"), withIntermediateDirectories: true)
      try fill(folder)
      _ = try readAll(folder.file("set"))
    }
  }

  static let tensorflowCases: [RefusalCase] = tables + entries + slices + folders

  private static let tables: [RefusalCase] = [
    bundle(.tensorflowTable, "cut off") { $0.changeIndex = { $0.removeLast(9) } },
    bundle(.tensorflowTable, "nothing") { $0.changeIndex = { $0 = [] } },
    bundle(.tensorflowTable, "no places") { bundle in
      bundle.changeIndex = { file in
        for place in file.count - 48..<file.count - 8 { file[place] = 0xFF }
      }
    },
    bundle(.tensorflowTable, "a block beyond the footer") { bundle in
      bundle.changeIndex = {
        $0.replaceSubrange(($0.count - 48)..., with: [0xFF, 0xFF, 0x03, 1] + $0.suffix(44))
      }
    },
    bundle(.tensorflowTable, "a count of offsets beyond the block") { bundle in
      bundle.changeBlock = { $0.replaceSubrange(($0.count - 4)..., with: [0xFF, 0xFF, 0xFF, 0x7F]) }
    },
    bundle(.tensorflowTable, "a shared key that was not there") { $0.changeBlock = { $0[0] = 5 } },
    bundle(.tensorflowTable, "a value beyond the block") { $0.changeBlock = { $0[2] = 0x7F } },
    bundle(.tensorflowTable, "keys that descend") { bundle in
      bundle.keepsOrder = true
      bundle.entries = [BundleBytes.Entry(), BundleBytes.Entry(key: Array("a".utf8))]
    },
    bundle(.tensorflowTable, "a key twice") { $0.entries = [BundleBytes.Entry(), BundleBytes.Entry()] },
    bundle(.tensorflowTable, "no header") { $0.changeBlock = { $0[1] = 1 } },
    bundle(.tensorflowChecksum, "a flipped bit of a block") { $0.changeIndex = { $0[9] ^= 4 } },
    bundle(.tensorflowFeature, "Snappy") { $0.blockType = 1 },
    bundle(.tensorflowFeature, "big-endian") {
      $0.header = BundleBytes.Message().with(1, 1).with(2, 1).bytes
    },
    bundle(.tensorflowFeature, "a later version") {
      $0.header =
        BundleBytes.Message().with(1, 1).with(3, bytes: BundleBytes.Message().with(2, 2).bytes).bytes
    },
    bundle(.tensorflowEntry, "no data file") { $0.header = BundleBytes.Message().with(1, 0).bytes },
    bundle(.tensorflowEntry, "a header that is cut off") { $0.header = [0x1A, 9] },
    bundle(.tensorflowLimit, "a million data files") {
      $0.header = BundleBytes.Message().with(1, 1_000_000).bytes
    },
    bundle(.tensorflowLimit, "a key of 70 kB") {
      $0.entries[0].key = [UInt8](repeating: 0x61, count: 70_000)
    },
  ]

  private static let entries: [RefusalCase] = [
    entry(.tensorflowEntry, "no message") { $0.raw = [0xFF] },
    entry(.tensorflowEntry, "another type") { $0.raw = BundleBytes.Message().with(4, bytes: [1]).bytes },
    entry(.tensorflowEntry, "an unknown rank") {
      $0.raw = BundleBytes.Message().with(1, 1).with(2, bytes: BundleBytes.Message().with(3, 1).bytes).bytes
    },
    entry(.tensorflowEntry, "a negative extent") { $0.shape = [-1] },
    entry(.tensorflowEntry, "a negative offset") { $0.offset = -8 },
    entry(.tensorflowEntry, "another data file") { $0.shard = 1 },
    entry(.tensorflowEntry, "a name that is no UTF-8") { $0.key = [0xC3, 0x28] },
    entry(.tensorflowTensor, "too few bytes") { $0.shape = [2, 4] },
    entry(.tensorflowTensor, "more elements than can be counted") { $0.shape = [1 << 62, 1 << 62] },
    entry(.tensorflowRange, "bytes beyond the file") { ($0.offset, $0.data) = (8, pattern(24, salt: 1)) },
    bundle(.tensorflowRange, "shared bytes") {
      $0.entries = [BundleBytes.Entry(), BundleBytes.Entry(key: Array("z".utf8))]
    },
    entry(.tensorflowChecksum, "another checksum of a tensor") { $0.crc = 1 },
    RefusalCase(defect: .format(.tensorflowChecksum), label: "a flipped bit of a tensor") { folder in
      let path = try BundleBytes().write(in: folder)
      var bytes = pattern(24, salt: 1)
      bytes[23] ^= 0x80
      _ = try folder.write(bytes, as: "x.data-00000-of-00001")
      _ = try readAll(path)
    },
    entry(.tensorflowChecksum, "a checksum of no bytes") { ($0.shape, $0.data, $0.crc) = ([0, 3], [], 7) },
    bundle(.tensorflowGraph, "a graph that is no text") {
      $0.entries[0].key = Array("_CHECKPOINTABLE_OBJECT_GRAPH".utf8)
      $0.entries[0].dtype = 7
    },
    bundle(.tensorflowGraph, "a graph that is no message") { $0.entries = [.graph([0x0A, 9])] },
    bundle(.tensorflowGraph, "a link to no object") {
      let child = BundleBytes.Message().with(1, 7).with(2, bytes: Array("a".utf8))
      let node = BundleBytes.Message().with(1, bytes: child.bytes)
      $0.entries = [.graph(BundleBytes.Message().with(1, bytes: node.bytes).bytes)]
    },
    bundle(.tensorflowChecksum, "a flipped bit of the graph") {
      $0.entries = [.graph(BundleBytes.Message().with(1, bytes: []).bytes)]
      $0.entries[0].crc = 3
    },
    .sink(.tensorflowWrite, .tensorflow, "one tensor", [try Sample("a", .f32, [2], salt: 1)]),
  ]

  private static let slices: [RefusalCase] = [
    sliced(.tensorflowSlices, "a slice without an entry") { $0.entries.removeLast() },
    sliced(.tensorflowSlices, "a slice of no variable") { $0.entries[0].slices.removeLast() },
    sliced(.tensorflowSlices, "a gap") { bundle in
      bundle.entries[0].shape[0] = 5
    },
    sliced(.tensorflowSlices, "another dtype") { $0.entries[1].dtype = 1 },
    sliced(.tensorflowSlices, "another rank") { $0.entries[0].slices[0].removeLast() },
    sliced(.tensorflowSlices, "beyond the variable") { $0.entries[0].shape[0] = 3 },
    sliced(.tensorflowFeature, "two axes") {
      $0.entries = [
        BundleBytes.Entry(shape: [2, 3], slices: [[(0, 1), (0, 3)], [(1, 1), (0, 2)], [(1, 1), (2, 1)]]),
        .slice([(0, 1), (0, 3)], [1, 3], 0), .slice([(1, 1), (0, 2)], [1, 2], 12),
        .slice([(1, 1), (2, 1)], [1, 1], 20),
      ]
      $0.files = [("x.data-00000-of-00001", pattern(24, salt: 1))]
    },
    sliced(.tensorflowChecksum, "a checksum of a slice") { $0.entries[2].crc = 1 },
    bundle(.tensorflowShard, "no data file") { $0.files = [] },
    bundle(.tensorflowShard, "one of two data files") {
      $0.header = BundleBytes.Message().with(1, 2).bytes
      $0.files = [("x.data-00000-of-00002", pattern(24, salt: 1))]
    },
    bundle(.tensorflowShard, "the data file of another save") {
      $0.files = [("x.data-00000-of-00001", pattern(24, salt: 1)), ("x.data-00001-of-00003", [1])]
    },
    RefusalCase(defect: .format(.tensorflowShard), label: "a link out of the folder") { folder in
      let path = try BundleBytes().write(in: folder)
      try FileManager.default.removeItem(atPath: folder.file("x.data-00000-of-00001"))
      try FileManager.default.createSymbolicLink(
        atPath: folder.file("x.data-00000-of-00001"), withDestinationPath: "/etc/hostname")
      _ = try readAll(path)
    },
  ]

  private static let folders: [RefusalCase] = [
    folder(.tensorflowFolder, "a SavedModel without variables") { folder in
      _ = try folder.write([8, 1], as: "set/saved_model.pb")
    },
    folder(.tensorflowFolder, "two checkpoints") { folder in
      let bundle = BundleBytes()
      for name in ["a", "b"] {
        _ = try folder.write(bundle.index, as: "set/\(name).index")
        _ = try folder.write(bundle.data[0].bytes, as: "set/\(name).data-00000-of-00001")
      }
    },
  ]
}

extension BundleBytes {
  /// A variable of the shape [4, 3] and of I32, in slices of 1 and 3 rows.
  static var sliced: BundleBytes {
    var bundle = BundleBytes()
    let data = pattern(48, salt: 1)
    bundle.entries = [
      Entry(shape: [4, 3], slices: [[(0, 1), nil], [(1, 3), nil]]),
      .slice([(0, 1), nil], [1, 3], 0), .slice([(1, 3), nil], [3, 3], 12),
    ]
    bundle.entries[0].size = 0
    bundle.files = [("x.data-00000-of-00001", data)]
    return bundle
  }
}

extension BundleBytes.Entry {
  /// The entry of a slice of `w`, whose bytes are those of the pattern at its offset. Numbers are below 64.
  static func slice(_ ranges: [(start: Int, length: Int)?], _ shape: [Int], _ offset: Int)
    -> BundleBytes.Entry
  {
    var entry = BundleBytes.Entry()
    entry.key = [0] + Array("w".utf8) + [0, 1, 1, UInt8(ranges.count)]
    for range in ranges {
      entry.key += [0x80 ^ UInt8(range?.start ?? 0), range.map { 0x80 ^ UInt8($0.length) } ?? 0x7F]
    }
    (entry.shape, entry.offset) = (shape, offset)
    entry.data = Array(pattern(48, salt: 1)[offset..<(offset + 4 * shape.reduce(1, *))])
    return entry
  }

  /// The entry of the graph of objects.
  static func graph(_ message: [UInt8]) -> BundleBytes.Entry {
    var entry = BundleBytes.Entry()
    entry.key = Array("_CHECKPOINTABLE_OBJECT_GRAPH".utf8)
    (entry.dtype, entry.shape) = (7, [])
    let length = FlatFormatsTests.bytes(UInt32(message.count))
    let check = FlatFormatsTests.bytes(BundleBytes.masked(length))
    entry.data = BundleBytes.Message.varint(message.count) + check + message
    entry.crc = BundleBytes.masked(length + check + message)
    return entry
  }
}
