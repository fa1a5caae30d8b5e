import FlatFormats
import Foundation
import TensorStreams
import Tensors
import TestSupport
import Testing

/// Files that Keras wrote; Keras and h5py give the expected names, shapes and digests.
@Suite("Files by Keras")
struct KerasFixtureTests {
  struct Case: Decodable {
    let tensors: [TorchFixtureTests.Row]
    let leftOut: [String]
    let notes: [String]

    enum CodingKeys: String, CodingKey {
      case tensors, notes
      case leftOut = "left_out"
    }
  }

  static let folder = "\(SourceFolder.fixtures)/keras"

  static let expected: [String: Case] = {
    let data = FileManager.default.contents(atPath: folder + "/expected.json") ?? Data()
    return (try? JSONDecoder().decode([String: Case].self, from: data)) ?? [:]
  }()

  @Test(
    "every file has the tensors of Keras, in Keras's order and under the layers' names",
    arguments: expected.keys.sorted())
  func agrees(_ name: String) throws {
    let wanted = try #require(Self.expected[name])
    let source = try open("\(Self.folder)/\(name)")
    #expect(source.kind == .keras)
    try TorchFixtureTests.compare(source, wanted.tensors)
    #expect(source.tensors.map(\.spec.name.text) == wanted.tensors.map(\.name))
    #expect(source.leftOut.map(\.name).sorted() == wanted.leftOut)
    #expect(source.leftOut.allSatisfy { $0.fate == .apart })
    #expect(Set(source.remarks.map(\.kind.rawValue)).sorted() == wanted.notes)
  }

  @Test("no file is forgotten")
  func complete() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder).filter {
      !$0.hasSuffix(".py") && !["expected.json", "real.json"].contains($0) && !$0.hasPrefix("many_")
    }
    #expect(Set(files) == Set(Self.expected.keys) && files.count == 12)
  }

  /// The files that are one file; a set has no stored form.
  static let single = expected.keys.filter { !$0.hasSuffix(".json") }.sorted()

  @Test("a stored file, filled with its tensors, is the same file", arguments: single)
  func same(_ name: String) throws {
    let folder = try TemporaryFolder()
    let path = "\(Self.folder)/\(name)"
    let source = try open(path)
    let hollow = try #require(try source.hollowFiles())
    let bytes = try TemporaryFolder.bytes(of: path)
    // Everything that the file has in common with its tensors is stored once.
    let held = source.tensors.reduce(0) { $0 + $1.spec.byteCount }
    #expect(hollow[0].bytes.count == bytes.count - held)
    let out = folder.file(name)
    let sink = try FlatFormats.sink(
      kind: .keras, path: out, specs: source.tensors.map(\.spec), hollowFiles: hollow)
    for number in sink.order {
      let data = try contents(source, number)
      for start in stride(from: 0, to: data.count, by: 7) {
        try data[start..<min(start + 7, data.count)].withUnsafeBytes { try sink.append($0) }
      }
    }
    try sink.finish()
    #expect(try TemporaryFolder.bytes(of: out) == bytes)
  }

  @Test("the weights of an archive become the HDF5 file that is in it")
  func weightsOfArchive() throws {
    let folder = try TemporaryFolder()
    let source = try open("\(Self.folder)/small.keras")
    let out = folder.file("w.weights.h5")
    let sink = try FlatFormats.sink(
      kind: .keras, path: out, specs: source.tensors.map(\.spec), hollowFiles: try source.hollowFiles())
    for number in sink.order { try contents(source, number).withUnsafeBytes { try sink.append($0) } }
    try sink.finish()
    let wanted = try #require(Self.expected["small.keras"])
    try TorchFixtureTests.compare(try open(out), wanted.tensors)
  }

  @Test("new weights with Keras 3's paths are read under their layers' paths")
  func newPaths() throws {
    let folder = try TemporaryFolder()
    let samples = [
      try Sample("layers/dense/vars/0", .f32, [3, 2], salt: 1),
      try Sample("layers/dense/vars/1", .bf16, [2], salt: 2),
      try Sample("layers/dense_10/vars/0", .f32, [5], salt: 3),
    ]
    try write(samples, to: folder.file("w.weights.h5"), kind: .keras)
    let source = try open(folder.file("w.weights.h5"))
    #expect(source.kind == .keras)
    #expect(Set(source.tensors.map(\.spec.name)) == ["dense/kernel", "dense/bias", "dense_10/kernel"])
    for sample in samples {
      let place = try #require(source.tensors.firstIndex { $0.spec.shape == sample.spec.shape })
      #expect(source.tensors[place].spec.dtype == sample.spec.dtype)
      #expect(try contents(source, place) == sample.bytes)
    }
  }

  @Test("new weights with layers' names are lists of layers and weights")
  func newLists() throws {
    let folder = try TemporaryFolder()
    let samples = [
      try Sample("z/kernel", .f32, [3, 2], salt: 1), try Sample("a/kernel", .bf16, [2], salt: 2),
      try Sample("a/part/bias", .i64, [], salt: 3), try Sample("alone", .f16, [4], salt: 4),
    ]
    try write(samples, to: folder.file("w.h5"), kind: .keras)
    let source = try open(folder.file("w.h5"))
    #expect(source.tensors.map(\.spec.name) == ["z/kernel", "a/kernel", "a/part/bias", "alone"])
    for (index, sample) in samples.enumerated() {
      #expect(source.tensors[index].spec.shape == sample.spec.shape)
      #expect(try contents(source, index) == sample.bytes)
    }
  }
}
