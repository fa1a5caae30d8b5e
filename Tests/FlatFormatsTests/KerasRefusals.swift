import FlatFormats
import Foundation
import TensorStreams
import Tensors
import TestSupport

extension RefusalCase {
  /// A fixture with a change.
  private static func changed(
    _ rule: FlatFormatRule, _ label: String, _ fixture: String, as name: String? = nil,
    by change: @escaping @Sendable (inout [UInt8]) -> Void
  ) -> RefusalCase {
    RefusalCase(defect: .format(rule), label: "\(fixture): \(label)") { folder in
      var bytes = try TemporaryFolder.bytes(of: "\(SourceFolder.fixtures)/\(fixture)")
      change(&bytes)
      let own = name ?? String(fixture.split(separator: "/").last ?? "")
      _ = try readAll(try folder.write(bytes, as: own))
    }
  }

  /// An index beside one shard.
  private static func index(_ label: String, _ json: String) -> RefusalCase {
    RefusalCase(defect: .format(.kerasShards), label: "weights.json: \(label)") { folder in
      for name in ["many_00000.weights.h5", "many_00001.weights.h5"] {
        _ = try folder.write(
          try TemporaryFolder.bytes(of: "\(SourceFolder.fixtures)/keras/\(name)"), as: name)
      }
      _ = try readAll(try folder.write(Array(json.utf8), as: "many.weights.json"))
    }
  }

  /// A map that gives each of two groups the other's file: Keras looks for a group in its own file only.
  private static let wrongHome = RefusalCase(
    defect: .format(.kerasShards), label: "weights.json: files in each other's place"
  ) { folder in
    let home = "\(SourceFolder.fixtures)/keras"
    for name in try FileManager.default.contentsOfDirectory(atPath: home) where name.hasPrefix("many_") {
      _ = try folder.write(try TemporaryFolder.bytes(of: "\(home)/\(name)"), as: name)
    }
    let text = String(decoding: try TemporaryFolder.bytes(of: "\(home)/many.weights.json"), as: UTF8.self)
    let swapped = text.replacing("many_00000", with: "many_x").replacing("many_00001", with: "many_00000")
      .replacing("many_x", with: "many_00001")
    _ = try readAll(try folder.write(Array(swapped.utf8), as: "many.weights.json"))
  }

  /// An archive with these members, all stored.
  private static func archive(_ rule: FlatFormatRule, _ label: String, _ members: [ZipBytes.Member])
    -> RefusalCase
  {
    file(rule, "m.keras", label, ZipBytes(members).file)
  }

  static let kerasCases: [RefusalCase] = [
    changed(.hdf5Structure, "a B-tree without its signature", "partial/datasets.h5") {
      $0.replaceAll("TREE\u{1}", by: "TREF\u{1}")
    },
    changed(.hdf5Structure, "a heap without its signature", "keras/small.h5") {
      $0.replaceAll("GCOL", by: "GCOM")
    },
    archive(.hdf5Structure, "text as weights", [.init("model.weights.h5", Array("text".utf8))]),
    archive(
      .hdf5Feature, "a superblock of the future",
      [
        .init(
          "model.weights.h5",
          [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A, 9] + [UInt8](repeating: 0, count: 120))
      ]),
    RefusalCase(defect: .format(.hdf5Limit), label: "2 GiB that were never written") { folder in
      _ = try readAll(try folder.write(try HugeDataset.bytes(), as: "huge.h5"))
    },
    changed(.kerasLayers, "a layer without a group", "keras/layers.h5") {
      $0.replaceAll("activation_1", by: "activation_9", first: 1)
    },
    changed(.kerasLayers, "a weight twice", "keras/layers.h5") {
      $0.replaceAll("conv1d_2/bias:0\0\0", by: "conv1d_2/kernel:0")
    },
    archive(.kerasArchive, "no weights", [.init("metadata.json", Array("{}".utf8))]),
    index("no map", #"{"metadata": {}}"#),
    index("no JSON", #"{"weight_map": "#),
    index("a path", #"{"weight_map": {"/layers/dense/vars": "../many_00000.weights.h5"}}"#),
    index("no such file", #"{"weight_map": {"/layers/dense/vars": "many_00009.weights.h5"}}"#),
    index("no such group", #"{"weight_map": {"/layers/dance/vars": "many_00000.weights.h5"}}"#),
    index("a group that it leaves out", #"{"weight_map": {"/layers/dense/vars": "many_00000.weights.h5"}}"#),
    index("no file for a group", #"{"weight_map": {"/layers/dense/vars": []}}"#),
    wrongHome,
    .sink(.hdf5Write, .hdf5, "an empty step", [try Sample("a//b", .f32, [2], salt: 1)]),
    .sink(
      .hdf5Write, .hdf5, "a name below another",
      [
        try Sample("a", .f32, [2], salt: 1), try Sample("a/b", .f32, [2], salt: 2),
      ]),
    .sink(.sinkDType, .hdf5, "half a byte", [try Sample("a", .f4, [2], salt: 1)]),
    .sink(
      .kerasWrite, .keras, "a layer whose variables have no known order",
      [try Sample("a/kernel", .f32, [2], salt: 1), try Sample("a/part/bias", .f32, [2], salt: 2)]),
    .sink(
      .kerasWrite, .keras, "attention, which Keras writes in another order",
      [try Sample("a/key/kernel", .f32, [2], salt: 1), try Sample("a/query/kernel", .f32, [2], salt: 2)]),
    RefusalCase(defect: .format(.kerasWrite), label: "an archive of tensors alone") { folder in
      try write([try Sample("a/b", .f32, [2], salt: 1)], to: folder.file("out.keras"), kind: .keras)
    },
  ]
}

/// A small file that declares 2 GiB.
enum HugeDataset {
  /// A dataset without stored bytes, which gets another shape.
  static func bytes() throws -> [UInt8] {
    var bytes = try TemporaryFolder.bytes(of: "\(SourceFolder.fixtures)/flat/unwritten.h5")
    let old = withUnsafeBytes(of: UInt64(12_345).littleEndian) { Array($0) }
    let new = withUnsafeBytes(of: UInt64(1 << 31).littleEndian) { Array($0) }
    while let place = bytes.firstRange(of: old) { bytes.replaceSubrange(place, with: new) }
    return bytes
  }
}

extension [UInt8] {
  /// Replaces text, all of it or the first occurrences.
  fileprivate mutating func replaceAll(_ old: String, by new: String, first count: Int = .max) {
    let (old, new) = (Array(old.utf8), Array(new.utf8))
    var start = startIndex
    var left = count
    while left > 0, let place = self[start...].firstRange(of: old) {
      replaceSubrange(place, with: new)
      start = place.lowerBound + new.count
      left -= 1
    }
  }
}
