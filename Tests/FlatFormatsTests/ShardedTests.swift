import ByteFiles
import FlatFormats
import Foundation
import TensorStreams
import Tensors
import TestSupport
import Testing

@Suite("Sharded safetensors")
struct ShardedTests {
  @Test("an index and its folder give the tensors of all shards in order")
  func opened() throws {
    let folder = try TemporaryFolder()
    let path = try ShardFiles().write(in: folder)
    for place in [path, path + "/" + ShardFiles.name] {
      let source = try open(place)
      #expect(source.kind == .shardedSafetensors)
      #expect(source.tensors.map(\.spec.name) == ["a", "b", "c"])
      #expect(
        try source.tensors.indices.map { try contents(source, $0, piece: 1) } == [[7, 7], [7, 7], [7, 7]])
      #expect(source.shardSet?.shards.map(\.tensorCount) == [2, 1])
      #expect(source.files.count == 3)
    }
  }

  @Test("safetensors files that the index of a folder does not name are left out, and named")
  func strangers() throws {
    let folder = try TemporaryFolder()
    let path = try ShardFiles().write(in: folder)
    #expect(try open(path).leftOut.isEmpty)
    _ = try folder.write(ShardFiles.shard(["z"]), as: "set/adapter.safetensors")
    _ = try folder.write([1, 2, 3], as: "set/README.md")
    let source = try open(path)
    #expect(
      source.leftOut == [LeftOut("adapter.safetensors", "a file that the index does not name", .apart)])
    #expect(source.tensors.map(\.spec.name) == ["a", "b", "c"])
    #expect(refusal { try source.requireWhole() } == nil)
    // Opening the index itself leaves nothing out.
    #expect(try open(path + "/" + ShardFiles.name).leftOut.isEmpty)
  }

  @Test("what real indexes have is read: no metadata, more metadata, a float for total_size, other keys")
  func tolerant() throws {
    let map =
      #""weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00001-of-00002.safetensors", "c": "model-00002-of-00002.safetensors"}"#
    let indexes = [
      "{\(map)}", "{\"metadata\": {}, \(map)}", "{\"metadata\": null, \(map)}",
      "{\(map), \"metadata\": {\"total_size\": 6.0, \"total_parameters\": 6, \"k\": {\"x\": []}}}",
      "\n {\"metadata\": {\"total_size\": 6e0}, \"other\": 1, \(map)}\n",
    ]
    for index in indexes {
      let folder = try TemporaryFolder()
      let source = try openFolder(try ShardFiles(index: index).write(in: folder))
      #expect(source?.tensors.count == 3, "\(index)")
    }
  }

  @Test(
    "a total_size that is wrong or no number of bytes is a remark, where nothing else is wrong",
    arguments: ["7", "0", "6.5", "-6", "-6.5", "1e300", "\"6\"", "null", "[6]"])
  func totalSize(said: String) throws {
    let folder = try TemporaryFolder()
    var files = ShardFiles()
    files.index = ShardFiles.good.replacingOccurrences(of: ": 6}", with: ": \(said)}")
    let path = try files.write(in: folder)
    let source = try #require(try openFolder(path))
    #expect(source.remarks.map(\.kind) == [.totalSize])
    #expect(
      source.remarks.first?.sentence.hasPrefix(
        "metadata, total_size: expected 6, the bytes of all tensors, found ") == true)
    // The index is written again unchanged.
    let sink = try FlatFormats.sink(
      kind: .shardedSafetensors, path: folder.file("out/"), specs: source.tensors.map(\.spec),
      shardSet: source.shardSet)
    for place in sink.order { try contents(source, place).withUnsafeBytes { try sink.append($0) } }
    try sink.finish()
    #expect(try openFolder(folder.file("out"))?.shardSet == source.shardSet)

    let other = try TemporaryFolder()
    files.index = files.index?.replacingOccurrences(of: #""c":"#, with: #""x": "../x.safetensors", "c":"#)
    let found = try #require(FlatFormats.examine(folder: try files.write(in: other)))
    #expect(found.errors.compactMap(\.defect) == [.format(.shardsName)])
  }

  @Test("a Git LFS pointer in a shard's place is called by its name")
  func pointer() throws {
    let folder = try TemporaryFolder()
    let path = try ShardFiles().write(in: folder)
    _ = try folder.write(Array(ShardFiles.pointer.utf8), as: "set/model-00001-of-00002.safetensors")
    #expect(
      refusal { _ = try openFolder(path) }?.description == """
        \(path)/model-00001-of-00002.safetensors: file: expected the shard that the index names, found a Git LFS \
        pointer; the weights themselves were not fetched (git lfs pull)
        """)
  }

  @Test("an index in capitals is one for everybody")
  func capitals() throws {
    let folder = try TemporaryFolder()
    let path = try ShardFiles(index: nil).write(in: folder)
    let name = "MODEL.SAFETENSORS.INDEX.JSON"
    _ = try folder.write(Array(ShardFiles.good.utf8), as: "set/\(name)")
    let source = try #require(try openFolder(path))
    #expect(source.shardSet?.index?.name == name)
    #expect(try FlatFormats.shards(at: path).contains("\(path)/\(name)"))
    // Such a path is also an index as a destination, and a set is written under its name.
    for place in ["other/", "third/OTHER.SAFETENSORS.INDEX.JSON"] {
      let sink = try FlatFormats.sink(
        kind: .shardedSafetensors, path: folder.file(place), specs: source.tensors.map(\.spec),
        shardSet: source.shardSet)
      for tensor in sink.order { try contents(source, tensor).withUnsafeBytes { try sink.append($0) } }
      try sink.finish()
    }
    #expect(try files(of: folder.file("other"))[name] == Array(ShardFiles.good.utf8))
    #expect(try files(of: folder.file("third"))["OTHER.SAFETENSORS.INDEX.JSON"] != nil)
    // Two indexes that differ in case are two indexes.
    _ = try folder.write(Array(ShardFiles.good.utf8), as: "set/\(ShardFiles.name)")
    #expect(refusal { _ = try openFolder(path) }?.defect == .format(.shardsFolder))
  }

  @Test("a folder without an index is its only set of numbered shards, or its only file")
  func folders() throws {
    let folder = try TemporaryFolder()
    let set = try #require(try openFolder(try ShardFiles(index: nil).write(in: folder)))
    #expect(set.kind == .shardedSafetensors && set.tensors.count == 3 && set.shardSet?.index == nil)
    let other = try TemporaryFolder()
    let single = ShardFiles(shards: [("adapter.safetensors", ["x", "y"])], index: nil)
    let source = try #require(try openFolder(try single.write(in: other)))
    #expect(source.kind == .safetensors && source.tensors.count == 2)
    #expect(try openFolder(other.file("set/adapter.safetensors")) == nil)
    #expect(try openFolder(other.file("nowhere")) == nil)
  }

  @Test("other files of the folder are ignored if there is an index")
  func neighbours() throws {
    let folder = try TemporaryFolder()
    let path = try ShardFiles().write(in: folder)
    for name in ["consolidated.safetensors", "config.json", "model-00001-of-00009.safetensors"] {
      _ = try folder.write([1, 2, 3], as: "set/\(name)")
    }
    #expect(try openFolder(path)?.tensors.count == 3)
  }

  @Test("links inside the folder are followed, and those of a Hugging Face cache into its blobs")
  func links() throws {
    let folder = try TemporaryFolder()
    let manager = FileManager.default
    let path = try ShardFiles().write(in: folder)
    let shard = path + "/model-00002-of-00002.safetensors"
    try manager.moveItem(atPath: shard, toPath: path + "/real.safetensors")
    try manager.createSymbolicLink(atPath: shard, withDestinationPath: "real.safetensors")
    #expect(try openFolder(path)?.tensors.count == 3)

    let model = folder.file("models--org--net")
    for place in ["blobs", "snapshots/abc"] {
      try manager.createDirectory(atPath: "\(model)/\(place)", withIntermediateDirectories: true)
    }
    for (number, name) in try manager.contentsOfDirectory(atPath: path).sorted().enumerated()
    where name != "real.safetensors" {
      let blob = "blobs/\(number)"
      try Data(TemporaryFolder.bytes(of: "\(path)/\(name)")).write(
        to: URL(fileURLWithPath: "\(model)/\(blob)"))
      try manager.createSymbolicLink(
        atPath: "\(model)/snapshots/abc/\(name)", withDestinationPath: "../../\(blob)")
    }
    #expect(try openFolder("\(model)/snapshots/abc")?.tensors.count == 3)
    // The same links in a folder that is not a snapshot of a cache.
    try manager.moveItem(atPath: model, toPath: folder.file("other"))
    let error = refusal { _ = try openFolder(folder.file("other/snapshots/abc")) }
    #expect(error?.defect == .format(.shardsLink))
  }

  @Test("every fault of a set is reported, not only the first")
  func examined() throws {
    let folder = try TemporaryFolder()
    var files = ShardFiles()
    files.shards = [
      ("model-00001-of-00002.safetensors", ["a", "d"]), ("model-00002-of-00002.safetensors", ["c", "a"]),
    ]
    files.index = ShardFiles.good.replacingOccurrences(
      of: #""c":"#, with: #""x": "../x.safetensors", "y": "gone.safetensors", "c":"#)
    let path = try files.write(in: folder)
    let found = try #require(FlatFormats.examine(folder: path))
    #expect(found.source == nil)
    #expect(
      Set(found.errors.compactMap(\.defect))
        == [
          .format(.shardsName), .format(.shardsMissingShard), .format(.shardsDuplicateTensor),
          .format(.shardsMissingTensor), .format(.shardsExtraTensor),
        ])
  }

  @Test("a million faults are not reported a million times")
  func manyFaults() throws {
    let folder = try TemporaryFolder()
    let map = (0..<50_000).map { "\"t\($0)\": \"../\($0).safetensors\"" }.joined(separator: ",")
    let path = try ShardFiles(index: ShardFiles.json(map)).write(in: folder)
    let found = try #require(FlatFormats.examine(folder: path))
    #expect(found.errors.count == 100)
  }

  @Test("a shard that is replaced after it was opened is read as it was")
  func replaced() throws {
    let folder = try TemporaryFolder()
    let path = try ShardFiles().write(in: folder)
    let source = try #require(try openFolder(path))
    let before = try contents(source, 2)
    let shard = "\(path)/model-00002-of-00002.safetensors"
    try FileManager.default.moveItem(atPath: shard, toPath: shard + ".old")
    try Data(ShardFiles.shard(["e"])).write(to: URL(fileURLWithPath: shard))
    #expect(try contents(source, 2) == before)
    #expect(try contents(source, 0) == [7, 7])
  }

  @Test("a shard that had to be closed and is replaced before it is read is an error")
  func replacedWhileClosed() throws {
    let folder = try TemporaryFolder()
    // More shards than stay open, whatever the process's limit.
    let count = 300
    let names = (1...count).map { String(format: "model-%05d-of-%05d.safetensors", $0, count) }
    let path = try ShardFiles(
      shards: names.enumerated().map { ($0.element, ["t\($0.offset)"]) }, index: nil
    ).write(in: folder)
    let source = try #require(try openFolder(path))
    let shard = "\(path)/\(names[count - 1])"
    try FileManager.default.moveItem(atPath: shard, toPath: shard + ".old")
    try Data(ShardFiles.shard(["e"])).write(to: URL(fileURLWithPath: shard))
    let text = refusal { _ = try contents(source, count - 1) }?.description
    #expect(text == "\(shard): cannot read: another file has taken its place since it was opened")
    #expect(try contents(source, 0) == [7, 7])
  }

  @Test("ties between shards go to the index and come back from it")
  func ties() throws {
    let folder = try TemporaryFolder()
    let samples = [
      try Sample("embed", .f32, [4, 2], salt: 3), try Sample("mid", .u8, [40], salt: 5),
      try Sample("head", .f32, [4, 2], salt: 3),
    ]
    let sink = try FlatFormats.sink(
      kind: .shardedSafetensors, path: folder.file("out/"), specs: samples.map(\.spec),
      ties: [TensorTie(name: "head", tiedTo: "embed")], shardSize: 40)
    for place in sink.order { try samples[place].bytes.withUnsafeBytes { try sink.append($0) } }
    try sink.finish()
    let source = try #require(try openFolder(folder.file("out")))
    #expect(source.shardSet?.shards.count == 3)
    #expect(source.tensors.map(\.tiedTo) == [nil, nil, "embed"])
  }
}
