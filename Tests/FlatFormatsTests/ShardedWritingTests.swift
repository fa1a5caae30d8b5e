import FlatFormats
import Foundation
import TensorStreams
import Tensors
import TestSupport
import Testing

@Suite("Writing shards")
struct ShardedWritingTests {
  private static func write(
    _ samples: [Sample], to path: String, size: Int?, set: ShardSet? = nil, sources: [String] = []
  ) throws {
    let sink = try FlatFormats.sink(
      kind: .shardedSafetensors, path: path, specs: samples.map(\.spec), metadata: [("format", "pt")],
      shardSet: set, shardSize: size, sourceFiles: sources)
    // In pieces that end anywhere, also within a tensor.
    let bytes = sink.order.flatMap { samples[$0].bytes }
    for start in stride(from: 0, to: bytes.count, by: 7) {
      try Array(bytes[start..<min(start + 7, bytes.count)]).withUnsafeBytes { try sink.append($0) }
    }
    try sink.finish()
  }

  /// Tensors with these numbers of bytes.
  private static func samples(_ sizes: [Int]) throws -> [Sample] {
    try sizes.enumerated().map { place, size in
      try Sample(TensorName("t\(place)"), .u8, [size], salt: place + 1)
    }
  }

  @Test(
    "a shard holds as many tensors as fit, exactly the size included, and a larger one alone",
    arguments: [
      ([10, 10, 10], 20, [2, 1]), ([10, 10, 10], 19, [1, 1, 1]), ([10, 10, 10], 30, [3]),
      ([10, 11, 9, 1], 21, [2, 2]), ([50, 10], 20, [1, 1]), ([10, 50, 10, 10], 20, [1, 1, 2]),
      ([0, 0, 20, 0, 1], 20, [4, 1]), ([1], 1, [1]), ([0], 1, [1]), ([5, 5], 1, [1, 1]),
      ([100, 100], 5_000_000_000, [2]),
    ] as [([Int], Int, [Int])])
  func split(sizes: [Int], size: Int, expected: [Int]) throws {
    let folder = try TemporaryFolder()
    let samples = try Self.samples(sizes)
    try Self.write(samples, to: folder.file("out/"), size: size)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("out")).sorted()
    let shards = expected.indices.map { number in
      "model-0000\(number + 1)-of-0000\(expected.count).safetensors"
    }
    #expect(names == shards + ["model.safetensors.index.json"])
    // A set without tensors can be written, but an index that names no shard is refused.
    if sizes.isEmpty { return }
    let source = try #require(try openFolder(folder.file("out")))
    #expect(source.shardSet?.shards.map(\.tensorCount) == expected)
    for (index, tensor) in source.tensors.enumerated() {
      #expect(try contents(source, index) == samples.first { $0.spec.name == tensor.spec.name }?.bytes)
    }
  }

  @Test("an index's path names the index and the shards, in a folder that is there")
  func named() throws {
    let folder = try TemporaryFolder()
    try Self.write(try Self.samples([4, 4]), to: folder.file("net.safetensors.index.json"), size: 4)
    #expect(
      try folder.names() == [
        "net-00001-of-00002.safetensors", "net-00002-of-00002.safetensors", "net.safetensors.index.json",
      ])
    let text = refusal {
      try Self.write(try Self.samples([4]), to: folder.file("no/net.safetensors.index.json"), size: 4)
    }
    // The folder itself is created, as if the path ended in a slash; its parent is not.
    #expect(text == nil)
    let deep = refusal { try Self.write(try Self.samples([4]), to: folder.file("a/b/c/"), size: 4) }
    #expect(deep?.description.hasSuffix("cannot write: the folder above it does not exist") == true)
  }

  @Test("a set is written again byte for byte, its index with it, whatever the index looks like")
  func verbatim() throws {
    let folder = try TemporaryFolder()
    let odd =
      ShardFiles.good.replacingOccurrences(of: ": 6}", with: ": 6.0, \"total_parameters\": 6}") + "\n\n"
    let path = try ShardFiles(index: odd).write(in: folder)
    let source = try #require(try openFolder(path))
    let samples = try source.tensors.indices.map { Sample(source.tensors[$0].spec, try contents(source, $0)) }
    try Self.write(samples, to: folder.file("back/"), size: nil, set: source.shardSet, sources: source.files)
    #expect(try files(of: folder.file("back")) == files(of: path))
    // Under another name the index has the same bytes and names the same shards.
    try Self.write(
      samples, to: folder.file("other/x.safetensors.index.json"), size: nil, set: source.shardSet)
    var expected = try files(of: path)
    expected["x.safetensors.index.json"] = expected.removeValue(forKey: ShardFiles.name)
    #expect(try files(of: folder.file("other")) == expected)
    // A set without an index gets one: without it a complete set and a partial one look the same.
    let bare = ShardSet(shards: source.shardSet?.shards ?? [], index: nil)
    try Self.write(samples, to: folder.file("bare/"), size: nil, set: bare)
    #expect(try openFolder(folder.file("bare"))?.tensors.count == 3)
  }

  @Test("numbered shards of an older set of the name are removed, and nothing else")
  func stale() throws {
    let folder = try TemporaryFolder()
    let out = folder.file("out/")
    try Self.write(try Self.samples([4, 4, 4]), to: out, size: 4)
    let others = [
      "other-00001-of-00002.safetensors", "model.safetensors", "model-1-of-2.safetensors", "notes.txt",
      "model-00001-of-00003.bin",
    ]
    for name in others { _ = try folder.write([1], as: "out/\(name)") }
    try Self.write(try Self.samples([4, 4]), to: out, size: 4)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.file("out")).sorted()
        == (others + [
          "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
          "model.safetensors.index.json",
        ]).sorted())
  }

  @Test("a set that is not finished leaves the old one, and no folder of its own")
  func unfinished() throws {
    let folder = try TemporaryFolder()
    let samples = try Self.samples([4, 4])
    func begin(_ path: String) throws {
      let sink = try FlatFormats.sink(
        kind: .shardedSafetensors, path: path, specs: samples.map(\.spec), shardSize: 4)
      try samples[0].bytes.withUnsafeBytes { try sink.append($0) }
      #expect(refusal { try sink.finish() }?.defect == .format(.sinkTooLittle))
    }
    try begin(folder.file("new/"))
    #expect(try folder.names() == [])
    try Self.write(samples, to: folder.file("old/"), size: 100)
    let before = try files(of: folder.file("old"))
    try begin(folder.file("old/"))
    #expect(try files(of: folder.file("old")) == before)
  }

  @Test("what a killed writer left behind is removed by the next, and a living one's is not")
  func leftovers() throws {
    let folder = try TemporaryFolder()
    let manager = FileManager.default
    let dead = folder.file("out/.model.safetensors.index.json.tessera-dead.tmp")
    try manager.createDirectory(atPath: dead, withIntermediateDirectories: true)
    try Data([1]).write(to: URL(fileURLWithPath: dead + "/model-00001-of-00002.safetensors"))
    let samples = try Self.samples([4, 4])
    let living = try FlatFormats.sink(
      kind: .shardedSafetensors, path: folder.file("out/"), specs: samples.map(\.spec), shardSize: 4)
    #expect(!manager.fileExists(atPath: dead))
    try samples[0].bytes.withUnsafeBytes { try living.append($0) }
    try Self.write(samples, to: folder.file("out/"), size: 100)
    try samples[1].bytes.withUnsafeBytes { try living.append($0) }
    try living.finish()
    #expect(try openFolder(folder.file("out"))?.shardSet?.shards.count == 2)
    #expect(try manager.contentsOfDirectory(atPath: folder.file("out")).count == 3)
  }

  @Test("a directory, a link or a read-only file in a shard's place is not replaced")
  func irreplaceable() throws {
    let samples = try Self.samples([4, 4])
    let manager = FileManager.default
    for what in ["directory", "link"] {
      let folder = try TemporaryFolder()
      try manager.createDirectory(atPath: folder.file("out"), withIntermediateDirectories: false)
      let place = folder.file("out/model-00002-of-00002.safetensors")
      if what == "directory" {
        try manager.createDirectory(atPath: place, withIntermediateDirectories: false)
      } else {
        try manager.createSymbolicLink(atPath: place, withDestinationPath: folder.file("elsewhere"))
      }
      let error = refusal { try Self.write(samples, to: folder.file("out/"), size: 4) }
      #expect(error?.description == "\(place): cannot write: it is not a regular file")
      #expect(try manager.contentsOfDirectory(atPath: folder.file("out")).count == 1)
    }
  }
}
