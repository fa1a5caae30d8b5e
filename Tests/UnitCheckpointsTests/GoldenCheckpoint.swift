import ByteFiles
import Conversion
import FlatFormats
import Foundation
import TensorStreams
import Tensors
import TestSupport
import UnitCheckpoints
import UnitModel

/// A committed checkpoint, `Tests/Fixtures/checkpoints/NAME.h5`, and how to make it.
///
/// To renew it after a change of the layout, run the tests once with TESSERA_WRITE_GOLDEN=1. After a version of the
/// layout is released, its files stay as they are, and a change needs a new version.
struct GoldenCheckpoint: CustomStringConvertible, Sendable {
  let name: String
  let rows: [SampleWeights.Row]
  let plan: String
  /// The number of rows in each shard; none for one file.
  var shards: [Int] = []
  var isCompressed = false
  /// Whether the weights came with a graph.
  var hasGraph = false
  /// Tensors that share the bytes of another.
  var ties: [TensorTie] = []

  var description: String { name }
  var path: String { "\(SourceFolder.fixtures)/checkpoints/\(name).h5" }

  /// Writes the checkpoint of the sample weights to `path`.
  func write(to path: String, in folder: TemporaryFolder) throws {
    let source = try source(in: folder)
    let (contents, _) = try CheckpointContents.cutting(
      source, plan: try Plan(parsing: Array(plan.utf8)), planPath: name, isCompressed: isCompressed)
    try FlatToUnits(source, contents: contents, destination: path).run { _ in }
  }

  /// Writes the flat weights as one safetensors file; returns its path.
  func flatFile(in folder: TemporaryFolder) throws -> String {
    let path = try folder.write(SampleWeights.bytes(rows, seed: 11), as: name + ".safetensors")
    if ties.isEmpty { return path }
    let plain = try FlatFormats.open(try ReadableFile(path: path))
    let specs = plain.tensors.map(\.spec)
    let tied = folder.file("tied-\(name).safetensors")
    let sink = try FlatFormats.sink(kind: .safetensors, path: tied, specs: specs, ties: ties, metadata: [])
    for number in sink.order {
      let root = ties.first { $0.name == specs[number].name }?.tiedTo ?? specs[number].name
      let reader = try plain.reader(of: specs.firstIndex { $0.name == root } ?? number)
      var bytes = [UInt8](repeating: 0, count: specs[number].byteCount)
      try bytes.withUnsafeMutableBytes { try reader.read(into: $0) }
      try bytes.withUnsafeBytes { try sink.append($0) }
    }
    try sink.finish()
    try FileManager.default.removeItem(atPath: path)
    return tied
  }

  /// The flat weights, as one file or as a set of shards with an index.
  func source(in folder: TemporaryFolder) throws -> any FlatWeightsSource {
    if hasGraph {
      let model = try StoredGraph.write(in: folder)
      return try FlatFormats.open(try ReadableFile(path: model))
    }
    if shards.isEmpty {
      return try FlatFormats.open(try ReadableFile(path: try flatFile(in: folder)))
    }
    try FileManager.default.createDirectory(atPath: folder.file(name), withIntermediateDirectories: false)
    var map: [String] = []
    var first = 0
    for (number, count) in shards.enumerated() {
      let file = "\(name)-0000\(number + 1)-of-0000\(shards.count).safetensors"
      let part = Array(rows[first..<first + count])
      _ = try folder.write(SampleWeights.bytes(part, seed: 11 + UInt64(number)), as: "\(name)/\(file)")
      map += part.map { "  \"\($0.name)\":\t\"\(file)\"" }
      first += count
    }
    // No writer writes it like this, so only the stored bytes can restore it.
    let index = "{\"weight_map\": {\n\(map.reversed().joined(separator: ",\n"))}}\n\n"
    let path = try folder.write(Array(index.utf8), as: "\(name)/\(name).safetensors.index.json")
    return try FlatFormats.open(try ReadableFile(path: path))
  }

  /// The checkpoints that are made from one flat file.
  static let all = [grid, scattered, types, privates, compressed, owners, mixed]

  /// Two cuts of one tensor, unequal units, neighbours with one cut and with none.
  static let grid = GoldenCheckpoint(
    name: "grid",
    rows: [
      ("conv.weight", "F32", [8, 5, 3, 2]), ("bias", "F32", [8]), ("head", "F32", [5]), ("twin", "F32", [5]),
      ("expert", "F32", [3, 2]),
    ],
    plan: """
      { "format": "tessera.plan/1", "units": 3,
        "axes": { "out": { "size": 8, "units": [3, 1, 4] }, "in": { "size": 5, "units": [2, 2, 1] } },
        "tensors": [ { "name": "conv.weight", "axes": ["out", "in", null, null] },
                     { "name": "bias", "axes": ["out"] }, { "name": "expert", "units": [2] } ],
        "tasks": [ { "name": "a", "order": [2, 0, 1], "levels": [1, 3] } ] }
      """)

  /// Channels of a unit that are not neighbours, common channels, positions inside and outside a cut dimension.
  static let scattered = GoldenCheckpoint(
    name: "scattered",
    rows: [("up", "F16", [9, 4]), ("flat", "BF16", [3, 36]), ("gate", "F64", [18, 2])],
    plan: """
      { "format": "tessera.plan/1", "units": 2,
        "axes": { "a": { "size": 9, "units": [[0, 3, 8], [1, 2, 5]], "common": [4, 6, 7] } },
        "tensors": [ { "name": "up", "axes": ["a", null] }, { "name": "flat", "axes": [null, { "axis": "a", "inner": 4 }] },
                     { "name": "gate", "axes": [{ "axis": "a", "outer": 2 }, null] } ],
        "tasks": [ { "name": "a", "order": [0, 1], "levels": [1, 2] },
                   { "name": "b", "order": [1, 0], "levels": [[0], [0, 1]] } ] }
      """)

  /// Every way to store elements, cut; scalars, empty tensors and names that are hard to link.
  static let types = GoldenCheckpoint(
    name: "types",
    rows: [
      ("bf16", "BF16", [6, 3]), ("f8", "F8_E4M3", [6, 5]), ("bool", "BOOL", [6, 2]), ("c64", "C64", [6, 1]),
      ("f4", "F4", [6, 4]), ("i16", "I16", [6, 7]), ("scalar", "F64", []), ("u8.scalar", "F8_E5M2", []),
      ("", "U64", [2]),
      (".", "I8", [3]), ("..", "U32", [1]), ("a/b", "F32", [2, 1]), ("n\\u0000ul", "I64", [1]),
      ("50%\\u007f", "U16", [3]),
      ("größe 日本", "I32", [2]), ("empty", "F32", [0, 3]),
    ],
    plan: """
      { "format": "tessera.plan/1", "units": 3, "axes": { "a": { "size": 6, "units": [1, 3, 2] } },
        "tensors": [ { "name": "bf16", "axes": ["a", null] }, { "name": "f8", "axes": ["a", null] },
          { "name": "bool", "axes": ["a", null] }, { "name": "c64", "axes": ["a", null] },
          { "name": "f4", "axes": ["a", null] }, { "name": "i16", "axes": ["a", null] } ],
        "tasks": [ { "name": "a", "order": [0, 1, 2], "levels": [2, 3] } ] }
      """)

  /// Tensors of one task or level, whole, cut and compact.
  static let privates = GoldenCheckpoint(
    name: "private",
    rows: [
      ("body", "F32", [7, 2]), ("bn.1", "F32", [3]), ("bn.2", "F32", [7]), ("head.a", "F32", [2, 7]),
      ("head.b", "F32", [3, 7]),
    ],
    plan: """
      { "format": "tessera.plan/1", "units": 2, "axes": { "c": { "size": 7, "units": [4, 3] } },
        "tensors": [ { "name": "body", "axes": ["c", null] }, { "match": "bn.{}", "axes": [{ "axis": "c", "compact": true }] },
                     { "match": "head.a", "axes": [null, "c"] } ],
        "tasks": [ { "name": "a", "order": [1, 0], "levels": [1, 2], "private": ["head.a"],
                     "private_per_level": { "1": [{ "match": "bn.1", "as": "bn" }], "2": [{ "match": "bn.2", "as": "bn" }] } },
                   { "name": "b", "order": [0, 1], "levels": [2], "private": ["head.b"] } ] }
      """)

  /// Elements packed by owner, with free ones and without, a unit that has none, and nothing to pack.
  static let owners = GoldenCheckpoint(
    name: "owners",
    rows: [
      ("a", "F32", [3, 4]), ("a.owner", "U8%4", [3, 4]), ("b.owner", "U8%3", [7]), ("b", "BF16", [7]),
      ("none", "F32", [0, 2]), ("none.owner", "U8", [0, 2]), ("list", "U8", [12]),
    ],
    plan: """
      { "format": "tessera.plan/1", "units": 3,
        "tensors": [ { "name": "a", "owners": { "map": "a.owner", "elements": [3, 3, 3, 3] } },
                     { "name": "b", "owners": { "map": "b.owner", "elements": [2, 3, 2, 0] } },
                     { "name": "none", "owners": { "map": "none.owner", "elements": [0, 0, 0, 0] } } ],
        "tasks": [ { "name": "s", "order": [0, 1, 2], "levels": [[0]] },
                   { "name": "t", "order": [0, 1, 2], "levels": [[0, 1], [0, 1, 2]] } ] }
      """)

  /// Two shards, one of a single tensor, and their index.
  static let sharded = GoldenCheckpoint(
    name: "shards",
    rows: [("up", "F32", [6, 4]), ("down", "F32", [4, 6]), ("head", "BF16", [3])],
    plan: """
      { "format": "tessera.plan/1", "units": 2, "axes": { "a": { "size": 6, "units": [4, 2] } },
        "tensors": [ { "name": "up", "axes": ["a", null] }, { "name": "down", "axes": [null, "a"] } ],
        "tasks": [ { "name": "t", "order": [0, 1], "levels": [1, 2] } ] }
      """, shards: [2, 1])

  /// A section of two chunks, a section of one, sections too small for chunks; a whole tensor with chunks, and one
  /// without.
  static let compressed = GoldenCheckpoint(
    name: "compressed",
    rows: [
      ("up", "I16%2", [300, 600]), ("whole", "I32%2", [2, 33, 65]), ("bias", "F32", [300]),
      ("few", "U8", [3]),
    ],
    plan: """
      { "format": "tessera.plan/1", "units": 3,
        "axes": { "out": { "size": 300, "units": [270, 20, 10] },
                  "in": { "size": 600, "units": [560, 30, 10] } },
        "tensors": [ { "name": "up", "axes": ["out", "in"] }, { "name": "bias", "axes": ["out"] } ],
        "tasks": [ { "name": "a", "order": [1, 2, 0], "levels": [1, 2, 3] } ] }
      """, isCompressed: true)

  /// Everything at once: ties, experts, owners, a mask, a concatenation, an axis with its own order of units, channels
  /// in a task's order, elements smaller than a byte.
  static let mixed = GoldenCheckpoint(
    name: "mixed",
    rows: [
      ("w", "F32", [6, 5]), ("w.twin", "F32", [6, 5]), ("join", "F16", [2, 18]), ("packed", "F4", [6, 4]),
      ("packed.odd", "F6_E2M3", [4, 2]), ("expert.0", "I16", [3, 2]), ("expert.2", "I16", [3, 2]),
      ("own", "F32", [3, 4]), ("own.map", "U8%4", [3, 4]), ("masked", "BF16", [7]), ("mask.t", "U8%2", [7]),
      ("head", "F32", [2, 4]), ("head.twin", "F32", [2, 4]), ("private", "C64", [5]), ("plain", "U8", [9]),
      ("plain.twin", "U8", [9]),
    ],
    plan: """
      { "format": "tessera.plan/1", "units": 3,
        "axes": { "a": { "size": 6, "units": [[0, 2], [1, 5], [3]], "common": [4] },
                  "b": { "size": 5, "units": [2, 2, 1] } },
        "tensors": [ { "match": "w*", "axes": ["a", "b"] }, { "name": "packed", "axes": ["a", null] },
                     { "name": "join",
                       "axes": [null, { "concat": ["a", { "size": 2 }, { "axis": "b", "inner": 2 }] }] },
                     { "match": "expert.0", "units": [0] }, { "match": "expert.2", "units": [2] },
                     { "name": "own", "owners": { "map": "own.map", "elements": [3, 4, 3, 2] } },
                     { "name": "masked", "mask": "keep" }, { "name": "private", "axes": ["b"] },
                     { "match": "head*", "axes": [null, { "axis": "a", "compact": true }],
                       "feature_order": "task" } ],
        "tasks": [ { "name": "s", "order": [0, 1, 2], "levels": [1, 3], "private": ["private"] },
                   { "name": "t", "order": [2, 0, 1], "levels": { "small": 1, "medium": 2, "large": 3 },
                     "axes": { "b": { "order": [1, 2, 0], "levels": [2, 2, 3] } },
                     "private": [ { "name": "mask.t", "as": "keep" } ],
                     "private_per_level": { "medium": [ { "match": "head*", "as": "top*" } ] } } ] }
      """,
    ties: [
      TensorTie(name: "w.twin", tiedTo: "w"), TensorTie(name: "head.twin", tiedTo: "head"),
      TensorTie(name: "plain.twin", tiedTo: "plain"),
    ])

  /// A graph, and a file of external data.
  static let graph = GoldenCheckpoint(
    name: "graph", rows: [],
    plan: """
      { "format": "tessera.plan/1", "units": 2, "axes": { "hidden": { "size": 6, "units": [4, 2] } },
        "tensors": [ { "name": "up", "axes": [null, "hidden"] }, { "name": "bias", "axes": ["hidden"] },
                     { "name": "down", "axes": ["hidden", null] } ],
        "tasks": [ { "name": "t", "order": [0, 1], "levels": [1, 2] } ] }
      """, hasGraph: true)
}
