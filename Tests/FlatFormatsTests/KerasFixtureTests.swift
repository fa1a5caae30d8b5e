import ByteFiles
import Foundation
import TensorStreams
import Tensors
import TestSupport
import Testing

@testable import FlatFormats

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

  @Test(
    "new weights with layers' names are lists of layers and weights, in the order in which Keras makes variables"
  )
  func newLists() throws {
    let folder = try TemporaryFolder()
    let samples = [
      try Sample("z/bias", .f32, [2], salt: 5), try Sample("z/kernel", .f32, [3, 2], salt: 1),
      try Sample("norm/beta", .f32, [2], salt: 6), try Sample("norm/gamma", .f32, [2], salt: 7),
      try Sample("norm/moving_variance", .f32, [2], salt: 8),
      try Sample("norm/moving_mean", .f32, [2], salt: 9),
      try Sample("cell/recurrent_kernel", .f32, [2, 2], salt: 10),
      try Sample("cell/bias", .f32, [2], salt: 11),
      try Sample("cell/kernel", .bf16, [2, 2], salt: 2),
      try Sample("own/part/table", .i64, [], salt: 3), try Sample("alone", .f16, [4], salt: 4),
    ]
    try write(samples, to: folder.file("w.h5"), kind: .keras)
    let source = try open(folder.file("w.h5"))
    #expect(
      source.tensors.map(\.spec.name) == [
        "z/kernel", "z/bias", "norm/gamma", "norm/beta", "norm/moving_mean", "norm/moving_variance",
        "cell/kernel", "cell/recurrent_kernel", "cell/bias", "own/part/table", "alone",
      ])
    for (index, tensor) in source.tensors.enumerated() {
      let sample = try #require(samples.first { $0.spec.name == tensor.spec.name })
      #expect(tensor.spec == sample.spec)
      #expect(try contents(source, index) == sample.bytes)
    }
  }

  @Test("the order of a layer's variables is that in which every known layer makes them")
  func order() {
    for row in KerasNames.table.values.flatMap({ $0 }) {
      let places = row.map { KerasNames.order.firstIndex(of: $0) ?? -1 }
      #expect(places == places.sorted() && !places.contains(-1), "\(row)")
    }
  }

  /// Some tensors of a file of Keras as new weights, as a sub-network has them.
  private static func part(
    of source: any FlatWeightsSource, _ numbers: [Int], as name: String, in folder: TemporaryFolder
  ) throws -> String {
    let path = folder.file(name)
    let specs = numbers.map { source.tensors[$0].spec }
    let sink = try FlatFormats.sink(
      kind: .keras, path: path, specs: specs, kerasOrder: FlatFormats.kerasOrder(of: source))
    for number in sink.order {
      try contents(source, numbers[number]).withUnsafeBytes { try sink.append($0) }
    }
    try sink.finish()
    return path
  }

  @Test(
    "a part of a file has its weights where Keras looks for them: at the same paths, or in the same order",
    arguments: single)
  func parts(_ name: String) throws {
    let folder = try TemporaryFolder()
    let source = try open("\(Self.folder)/\(name)")
    let paths = try FlatFormats.open(
      try ReadableFile(path: source.path), ReadingChoices(names: .paths))
    let kept = source.tensors.indices.filter { $0 % 3 != 1 }
    // The order of tensors here says nothing about Keras's.
    let isNumbered = paths.tensors.allSatisfy { $0.spec.name.text.contains("vars/") }
    let written = try Self.part(
      of: source, isNumbered ? kept.reversed() : kept, as: isNumbered ? "p.weights.h5" : "p.h5", in: folder)
    let again = try open(written)
    let againPaths = try FlatFormats.open(try ReadableFile(path: written), ReadingChoices(names: .paths))
    for (index, tensor) in again.tensors.enumerated() {
      let own = try #require(
        isNumbered
          ? kept.first { paths.tensors[$0].spec.name == againPaths.tensors[index].spec.name } : kept[index])
      #expect(tensor.spec.shape == source.tensors[own].spec.shape)
      #expect(try contents(again, index) == contents(source, own))
      // Layers keep their names; a variable whose layer is not whole may get a number.
      #expect(
        SystemPath.components(tensor.spec.name.text).dropLast()
          == SystemPath.components(source.tensors[own].spec.name.text).dropLast())
    }
    #expect(again.tensors.count == kept.count)
    if isNumbered {
      let error = #expect(throws: FlatFormatError.self) {
        try Self.part(of: source, kept, as: "p.h5", in: folder)
      }
      #expect(error?.description.contains("ends in .weights.h5") == true)
    }
  }
}
