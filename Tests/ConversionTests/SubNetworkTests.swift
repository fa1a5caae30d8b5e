import ByteFiles
import Conversion
import FlatFormats
import TensorStreams
import Tensors
import TestSupport
import Testing
import UnitModel

@testable import UnitCheckpoints

@Suite("Sub-networks")
struct SubNetworkTests {
  /// Weights whose elements are the numbers of their channels, and a plan that has a head in the task's order.
  ///
  /// The order is 2, 0, 1; channels 6 and 2 are common; unit 0 has 1, 5, unit 1 has 0, 7, unit 2 has 3, 4. A head for
  /// level 2 holds common 2, 6, then 3, 4 (unit 2), then 1, 5 (unit 0).
  private static let plan = """
    { "format": "tessera.plan/1", "units": 3,
      "axes": { "c": { "size": 8, "units": [[1, 5], [0, 7], [3, 4]], "common": [6, 2] } },
      "tensors": [ { "name": "body", "axes": ["c"] },
                   { "match": "head.*", "axes": [null, { "axis": "c", "inner": 2, "outer": 2, "compact": true }],
                     "feature_order": "task" } ],
      "tasks": [ { "name": "t", "order": [2, 0, 1], "levels": [1, 2],
                   "private_per_level": { "2": [ { "match": "head.*", "as": "top.*" } ] } } ] }
    """

  /// Two rows, the second a hundred higher; each has every channel with its two inner positions, twice.
  private static func head(_ channels: [Float]) -> [Float] {
    var values: [Float] = []
    for row in [0, 100] as [Float] {
      for outer in [0, 10] as [Float] {
        for channel in channels { values += [row + outer + channel, row + outer + channel + 0.25] }
      }
    }
    return values
  }

  private func checkpoint(in folder: TemporaryFolder) throws -> UnitCheckpoint {
    let stored: [Float] = [2, 6, 3, 4, 1, 5]
    let head = Self.head(stored)
    let tensors: [(String, [Int], [Float])] = [
      ("body", [8], (0..<8).map(Float.init)), ("head.a", [2, 24], head), ("head.b", [2, 24], head),
    ]
    let specs = try tensors.map { try TensorSpec(name: TensorName($0.0), dtype: .f32, shape: $0.1) }
    let path = folder.file("w.safetensors")
    let sink = try FlatFormats.sink(
      kind: .safetensors, path: path, specs: specs, ties: [TensorTie(name: "head.b", tiedTo: "head.a")],
      metadata: [(key: "format", value: "pt")])
    for index in sink.order { try tensors[index].2.withUnsafeBytes { bytes in try sink.append(bytes) } }
    try sink.finish()
    let source = try FlatFormats.open(try ReadableFile(path: path))
    let (contents, _) = try CheckpointContents.cutting(
      source, plan: try Plan(parsing: Array(Self.plan.utf8)), planPath: "plan")
    try FlatToUnits(source, contents: contents, destination: folder.file("m.h5")).run { _ in }
    return try UnitCheckpoint(try ReadableFile(path: folder.file("m.h5")))
  }

  @Test("have ascending channels everywhere, aliases for names, and tied tensors read once")
  func ascending() throws {
    let folder = try TemporaryFolder()
    let checkpoint = try checkpoint(in: folder)
    let plan = try checkpoint.resolvedPlan()
    let network = try plan.assignment.network(task: "t", level: LevelNumber(2))
    let subNetwork = try SubNetwork(network, of: checkpoint)
    #expect(subNetwork.tensors.map(\.spec.name) == ["body", "top.a", "top.b"])
    #expect(subNetwork.tensors.map(\.spec.shape) == [[6], [2, 24], [2, 24]])
    #expect(subNetwork.tensors.map(\.tiedTo) == [nil, nil, 1])
    #expect(subNetwork.totals == (parameters: 54, bytes: 216))

    let path = folder.file("out.safetensors")
    let sink = try FlatFormats.sink(
      kind: .safetensors, path: path, specs: subNetwork.tensors.map(\.spec),
      ties: [TensorTie(name: "top.b", tiedTo: "top.a")],
      metadata: try checkpoint.base().flatMetadata(for: .safetensors))
    let source = SubNetworkSource(subNetwork, of: checkpoint)
    let tied = try TiedSink(sink, source.tensors, destination: path)
    #expect(tied.order.count == 2 && sink.order.count == 3)
    try CopyTensors(source, to: tied).run { _ in }
    #expect(checkpoint.byteCountsRead.data == 216)
    #expect(try folder.names() == ["m.h5", "out.safetensors", "w.safetensors"])

    let written = try FlatFormats.open(try ReadableFile(path: path))
    #expect(written.metadata.contains { $0.key == "format" && $0.value == "pt" })
    #expect(written.tensors.first { $0.spec.name == "top.b" }?.tiedTo == "top.a")
    let channels: [Float] = [1, 2, 3, 4, 5, 6]
    let expected: [TensorName: [Float]] = [
      "body": channels, "top.a": Self.head(channels), "top.b": Self.head(channels),
    ]
    #expect(written.tensors.count == 3)
    for (index, tensor) in written.tensors.enumerated() {
      #expect(try values(of: index, in: written) == expected[tensor.spec.name], "\(tensor.spec.name)")
    }
  }

  @Test("of a level without a private tensor lack it, and a tensor without active units is empty")
  func lacking() throws {
    let folder = try TemporaryFolder()
    let checkpoint = try checkpoint(in: folder)
    let plan = try checkpoint.resolvedPlan()
    let network = try plan.assignment.network(task: "t", level: LevelNumber(1))
    let subNetwork = try SubNetwork(network, of: checkpoint)
    #expect(subNetwork.tensors.map(\.spec.name) == ["body"])
    #expect(subNetwork.tensors.map(\.spec.shape) == [[4]])
  }

  /// Two tied tensors with tied owner maps or masks beside them, and the values that the network keeps.
  static let tiedBeside: [(tensors: String, isPrivate: Bool, kept: [Float])] = [
    // The second tensor is tied to the first, and its map is that of the first.
    (#"{ "name": "a", "owners": { "map": "ma", "elements": [1, 2, 3] } }"#, false, [10, 0, 0, 40, 0, 0]),
    (
      #"{ "name": "a", "owners": { "map": "ma", "elements": [1, 2, 3] } }, { "name": "b", "owners": { "map": "mb", "elements": [1, 2, 3] } }"#,
      false, [10, 0, 0, 40, 0, 0]
    ), (#"{ "match": "{}", "mask": "m{}" }"#, false, [10, 0, 30, 40, 50, 60]),
    (
      #"{ "name": "a", "mask": "mask a" }, { "name": "b", "mask": "mask b" }"#, true, [10, 0, 30, 40, 50, 60]
    ),
  ]

  @Test("have tied tensors tied when their owner maps or masks are, which are used up", arguments: tiedBeside)
  func tiedMaps(tensors: String, isPrivate: Bool, kept: [Float]) throws {
    let folder = try TemporaryFolder()
    let specs = try ["a", "b", "ma", "mb"].map { name in
      try TensorSpec(name: TensorName(name), dtype: name.count == 1 ? .f32 : .u8, shape: [2, 3])
    }
    let path = folder.file("w.safetensors")
    let sink = try FlatFormats.sink(
      kind: .safetensors, path: path, specs: specs,
      ties: [TensorTie(name: "b", tiedTo: "a"), TensorTie(name: "mb", tiedTo: "ma")], metadata: [])
    let (values, map): ([Float], [UInt8]) = ([10, 20, 30, 40, 50, 60], [1, 0, 2, 1, 2, 2])
    for index in sink.order {
      if index < 2 {
        try values.withUnsafeBytes { try sink.append($0) }
      } else {
        try map.withUnsafeBytes { try sink.append($0) }
      }
    }
    try sink.finish()
    let own =
      isPrivate ? #", "private": [ { "name": "ma", "as": "mask a" }, { "name": "mb", "as": "mask b" } ]"# : ""
    let plan = """
      { "format": "tessera.plan/1", "units": 2, "tensors": [ \(tensors) ],
        "tasks": [ { "name": "t", "order": [0, 1], "levels": [1]\(own) } ] }
      """
    let flat = try FlatFormats.open(try ReadableFile(path: path))
    let (contents, _) = try CheckpointContents.cutting(
      flat, plan: try Plan(parsing: Array(plan.utf8)), planPath: "plan")
    try FlatToUnits(flat, contents: contents, destination: folder.file("m.h5")).run { _ in }
    let checkpoint = try UnitCheckpoint(try ReadableFile(path: folder.file("m.h5")))
    let resolved = try checkpoint.resolvedPlan()
    let network = try resolved.assignment.network(task: "t", level: LevelNumber(1))
    let subNetwork = try SubNetwork(network, of: checkpoint)
    #expect(
      subNetwork.tensors.map(\.spec.name) == ["a", "b"] && subNetwork.tensors.map(\.tiedTo) == [nil, 0])
    #expect(subNetwork.applied.map(\.spec.name.text).count == 2)
    var found: [Float] = []
    try checkpoint.reader(of: subNetwork.tensors[0]).forEachWindow { window in
      found += stride(from: 0, to: window.count, by: 4).map {
        window.loadUnaligned(fromByteOffset: $0, as: Float.self)
      }
    }
    #expect(found == kept)
    // Windows end between elements, whatever their limit.
    for limit in [1, 3, 7, 9] {
      var bytes: [UInt8] = []
      try checkpoint.reader(of: subNetwork.tensors[0]).forEachWindow(limit: limit) { bytes += Array($0) }
      #expect(bytes == kept.flatMap { value in withUnsafeBytes(of: value, Array.init) }, "\(limit)")
    }
  }

  @Test("a checkpoint is a source of the flat tensors, in whatever pieces they are asked for")
  func source() throws {
    let folder = try TemporaryFolder()
    let source = try checkpoint(in: folder)
    let flat = try FlatFormats.open(
      try ReadableFile(path: folder.file("w.safetensors")))
    #expect(source.tensors.map(\.spec) == flat.tensors.map(\.spec))
    #expect(source.tensors.map(\.tiedTo) == flat.tensors.map(\.tiedTo))
    for index in source.tensors.indices {
      for piece in [1, 3, 32, 1000] {
        #expect(
          try values(of: index, in: source, piece: piece) == (try values(of: index, in: flat, piece: 1000)))
      }
    }
    let reader = try source.reader(of: 0)
    var buffer = [UInt8](repeating: 0, count: 33)
    var said = ""
    do { try buffer.withUnsafeMutableBytes { bytes in try reader.read(into: bytes) } } catch {
      said = "\(error)"
    }
    #expect(said.contains("expected a read of at most 32 bytes, found 33"), "\(said)")
  }

  private func values(of index: Int, in source: any TensorSource, piece: Int = 7) throws -> [Float] {
    let reader = try source.reader(of: index)
    var bytes = [UInt8](repeating: 0, count: source.tensors[index].spec.byteCount)
    try bytes.withUnsafeMutableBytes { buffer in
      for start in stride(from: 0, to: buffer.count, by: piece) {
        try reader.read(into: .init(rebasing: buffer[start..<min(start + piece, buffer.count)]))
      }
    }
    return bytes.withUnsafeBytes { buffer in
      stride(from: 0, to: buffer.count, by: 4).map {
        buffer.loadUnaligned(fromByteOffset: $0, as: Float.self)
      }
    }
  }

  @Test("a task's order of channels costs no memory where there are many, or none", arguments: [0, 1])
  func hugeInner(rows: Int) throws {
    // 2^40 positions of two units, stored as unit 1, unit 0.
    let text = """
      {"format": "tessera.plan/1", "units": 2, "axes": {"x": {"size": 2}},
       "tensors": [{"name": "head", "feature_order": "task",
                    "axes": [null, {"axis": "x", "inner": 549755813888, "compact": true}]}],
       "tasks": [{"name": "t", "order": [1, 0], "levels": [1, 2], "private_per_level": {"2": ["head"]}}]}
      """
    let plan = try Plan(parsing: Array(text.utf8))
    let described = try TensorSpec(name: "head", dtype: .u8, shape: [rows, 1 << 40])
    let resolved = try plan.resolve(against: [described])
    var log = DefectLog(goesOn: false)
    let index = try IndexDecoder.decode(
      TableBuilder(resolved.partition, resolved.assignment, ties: [nil]).tables, path: "m.h5", log: &log)
    let reordering = try #require(index.reorderings(of: index.tensors[0], in: index.networks[1]).first)
    #expect(reordering.runs.map(\.source) == [1, 0] && reordering.positionCount == 1 << 40)
  }
}
