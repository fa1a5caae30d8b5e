import FlatFormats
import Foundation
import TensorStreams
import Tensors
import TestSupport

/// A set of shards that breaks a rule.
struct ShardRefusal: CustomStringConvertible, Sendable {
  let rule: FlatFormatRule
  let label: String
  /// Writes the files and returns the path to open: the folder, or its index.
  let make: @Sendable (TemporaryFolder) throws -> String

  var description: String { "\(rule.rawValue): \(label)" }

  /// A set whose files are changed before they are written.
  static func set(
    _ rule: FlatFormatRule, _ label: String, _ change: @escaping @Sendable (inout ShardFiles) -> Void
  ) -> ShardRefusal {
    ShardRefusal(rule: rule, label: label) { folder in
      var files = ShardFiles()
      change(&files)
      return try files.write(in: folder)
    }
  }

  /// A set with this index.
  static func index(_ rule: FlatFormatRule, _ text: String) -> ShardRefusal {
    set(rule, String(text.prefix(60))) { $0.index = text }
  }

  /// A set whose index names this file for `c`.
  static func name(_ rule: FlatFormatRule, _ name: String) -> ShardRefusal {
    set(rule, "the shard \(name.prefix(40))") {
      $0.index = ShardFiles.good.replacingOccurrences(
        of: #""c": "model-00002-of-00002"#, with: "\"c\": \"\(name)"
      )
      .replacingOccurrences(of: "\(name).safetensors", with: name)
    }
  }

  /// A set in which the second shard is a link to `target`.
  static func link(_ rule: FlatFormatRule, _ label: String, to target: String) -> ShardRefusal {
    ShardRefusal(rule: rule, label: label) { folder in
      let path = try ShardFiles().write(in: folder)
      let shard = path + "/model-00002-of-00002.safetensors"
      // The bytes are the same, so that only the place is wrong.
      try FileManager.default.moveItem(atPath: shard, toPath: folder.file("elsewhere.safetensors"))
      try FileManager.default.createSymbolicLink(atPath: shard, withDestinationPath: target)
      return path
    }
  }

  static let all: [ShardRefusal] = indexes + names + tensors + folders

  static let indexes: [ShardRefusal] = [
    index(.shardsIndex, ""), index(.shardsIndex, "{"), index(.shardsIndex, "[]"), index(.shardsIndex, "{}"),
    index(.shardsIndex, #"{"weight_map": []}"#), index(.shardsIndex, #"{"weight_map": {"a": 1}}"#),
    index(.shardsIndex, #"{"weight_map": {}}"#), index(.shardsIndex, "\u{FEFF}" + ShardFiles.good),
    index(.shardsIndex, ShardFiles.good + "x"),
    index(.shardsIndex, #"{"weight_map": {"a": "x.safetensors",}}"#),
    index(.shardsIndex, #"{"metadata": 7, "weight_map": {"a": "x.safetensors"}}"#),
    set(.shardsLimit, "an index of 33 MiB") {
      $0.index = ShardFiles.good + String(repeating: " ", count: 33 << 20)
    },
    set(.shardsLimit, "65,537 shards") { files in
      files.index = ShardFiles.json(
        (0...65_536).map { "\"\($0)\": \"\($0).safetensors\"" }.joined(separator: ","))
    },
  ]

  static let names: [ShardRefusal] = [
    name(.shardsName, "../outside.safetensors"), name(.shardsName, "/etc/outside.safetensors"),
    name(.shardsName, "sub/model.safetensors"), name(.shardsName, ".."), name(.shardsName, "."),
    name(.shardsName, ""), name(.shardsName, #"..\\model.safetensors"#),
    name(.shardsName, #"C:model.safetensors"#),
    name(.shardsName, #"model\u0000.safetensors"#),
    name(.shardsName, #"\u002e\u002e\u002fmodel.safetensors"#),
    name(.shardsName, #"model\n.safetensors"#), name(.shardsName, ".hidden.safetensors"),
    name(.shardsName, "pytorch_model-00002-of-00002.bin"), name(.shardsName, "model.safetensors/"),
    name(.shardsName, String(repeating: "n", count: 250) + ".safetensors"),
    link(.shardsLink, "a link out of the folder", to: "../elsewhere.safetensors"),
    link(.shardsMissingShard, "a link to nothing", to: "gone.safetensors"),
    ShardRefusal(rule: .shardsLink, label: "a link to an absolute path") { folder in
      let path = try link(.shardsLink, "", to: folder.file("elsewhere.safetensors")).make(folder)
      return path + "/" + ShardFiles.name
    },
    name(.shardsMissingShard, "model-00003-of-00003.safetensors"),
    set(.shardsMissingShard, "the second") { $0.shards.removeLast() },
    ShardRefusal(rule: .shardsMissingShard, label: "a Git LFS pointer in its place") { folder in
      let path = try ShardFiles().write(in: folder)
      _ = try folder.write(Array(ShardFiles.pointer.utf8), as: "set/model-00002-of-00002.safetensors")
      return path
    },
    set(.shardsMissingShard, "one of a set without an index") {
      $0.index = nil
      $0.shards.removeFirst()
    },
    set(.shardsMissingShard, "one that has another count in its name") {
      $0.index = nil
      $0.shards[1].file = "model-00002-of-00003.safetensors"
    },
  ]

  static let tensors: [ShardRefusal] = [
    set(.shardsMissingTensor, "in no shard") { $0.shards[0].tensors.removeLast() },
    set(.shardsMissingTensor, "in the other shard") {
      $0.shards[0].tensors.removeLast()
      $0.shards[1].tensors.append("b")
    },
    set(.shardsExtraTensor, "d") { $0.shards[1].tensors.append("d") },
    set(.shardsDuplicateTensor, "b in both shards") { $0.shards[1].tensors.append("b") },
    set(.shardsDuplicateTensor, "c twice in the index") {
      $0.index = ShardFiles.good.replacingOccurrences(
        of: #""c":"#, with: #""c": "model-00001-of-00002.safetensors", "\u0063":"#)
    },
    set(.shardsDuplicateTensor, "without an index") {
      $0.index = nil
      $0.shards[1].tensors.append("b")
    },
    set(.safetensorsDuplicateTensor, "a twice in one shard") { $0.shards[0].tensors.append("a") },
  ]

  static let folders: [ShardRefusal] = [
    set(.shardsFolder, "nothing") {
      $0.index = nil
      $0.shards = []
    },
    set(.shardsFolder, "two unrelated files") {
      $0.index = nil
      $0.shards[0].file = "a.safetensors"
      $0.shards[1].file = "b.safetensors"
    },
    ShardRefusal(rule: .shardsFolder, label: "two indexes") { folder in
      let path = try ShardFiles().write(in: folder)
      _ = try folder.write(Array(ShardFiles.good.utf8), as: "set/other.safetensors.index.json")
      return path
    },
  ]
}

extension RefusalCase {
  /// Malformed sets of shards, and stored sets that must not be writable.
  static let shardCases: [RefusalCase] =
    ShardRefusal.all.map { refusal in
      RefusalCase(defect: .format(refusal.rule), label: refusal.label) { folder in
        let path = try refusal.make(folder)
        _ = try open(path)
      }
    } + [
      stored(.shardsVerbatim, "a path") { $0.shards[0] = $0.shards[0].named("../a.safetensors") },
      stored(.shardsVerbatim, "an absolute path") { $0.shards[1] = $0.shards[1].named("/abs/a.safetensors") },
      stored(.shardsVerbatim, "an index called .bashrc") {
        $0.index = .init(name: ".bashrc.json", bytes: $0.bytes)
      },
      stored(.shardsVerbatim, "an index that is a path") {
        $0.index = .init(name: "../i.json", bytes: $0.bytes)
      },
      stored(.shardsVerbatim, "an index that ends otherwise") {
        $0.index = .init(name: "crontab", bytes: $0.bytes)
      },
      stored(.shardsVerbatim, "two shards of one name") {
        $0.shards[1] = $0.shards[1].named($0.shards[0].name)
      },
      stored(.shardsVerbatim, "a tensor too few") { $0.shards.removeLast() },
      stored(.shardsVerbatim, "an index of other shards") { files in
        let text = ShardFiles.good.replacingOccurrences(of: "00002-of", with: "00009-of")
        files.index = .init(name: "i.json", bytes: Array(text.utf8))
      },
      stored(.shardsVerbatim, "an index of fewer tensors") { files in
        let text = ShardFiles.json(#""a": "model-00001-of-00002.safetensors""#)
        files.index = .init(name: "i.json", bytes: Array(text.utf8))
      },
      stored(.shardsName, "an index that names a path") { files in
        let text = ShardFiles.good.replacingOccurrences(of: #"c": "model"#, with: #"c": "../model"#)
        files.index = .init(name: "i.json", bytes: Array(text.utf8))
      },
      RefusalCase(defect: .format(.shardsOverSource), label: "its own shards") { folder in
        let path = try ShardFiles().write(in: folder)
        let source = try openFolder(path)
        _ = try FlatFormats.sink(
          kind: .shardedSafetensors, path: path, specs: source?.tensors.map(\.spec) ?? [],
          shardSet: source?.shardSet, sourceFiles: source?.files ?? [])
      },
      RefusalCase(defect: .format(.shardsOverSource), label: "a shard of another index in the folder") {
        folder in
        let path = try ShardFiles().write(in: folder)
        let source = try openFolder(path)
        _ = try FlatFormats.sink(
          kind: .shardedSafetensors, path: path + "/other.safetensors.index.json",
          specs: source?.tensors.map(\.spec) ?? [], shardSet: source?.shardSet)
      },
      RefusalCase(defect: .format(.shardsName), label: "a destination that no shard can be named after") {
        folder in
        _ = try FlatFormats.sink(
          kind: .shardedSafetensors, path: folder.file(".hidden.safetensors.index.json"),
          specs: [try TensorSpec(name: "a", dtype: .u8, shape: [2])], shardSize: 100)
      },
      RefusalCase(defect: .format(.shardsInTheWay), label: "a shard of a name that is taken") { folder in
        let path = try ShardFiles(index: nil).write(in: folder)
        _ = try FlatFormats.sink(
          kind: .shardedSafetensors, path: path + "/" + ShardFiles.name,
          specs: try ["a", "b"].map { try TensorSpec(name: TensorName($0), dtype: .u8, shape: [2]) },
          shardSize: 2,
          replacing: false)
      },
      RefusalCase(defect: .format(.shardsLimit), label: "more shards than are read") { folder in
        let specs = try (0...65_536).map { try TensorSpec(name: TensorName("\($0)"), dtype: .u8, shape: [1]) }
        _ = try FlatFormats.sink(
          kind: .shardedSafetensors, path: folder.file("out/"), specs: specs, shardSize: 1)
      },
      RefusalCase(defect: .format(.shardsLimit), label: "larger headers than are read") { folder in
        let specs = try (0..<9).map { try TensorSpec(name: TensorName("\($0)"), dtype: .u8, shape: [1]) }
        _ = try FlatFormats.sink(
          kind: .shardedSafetensors, path: folder.file("out/"), specs: specs,
          metadata: [("text", String(repeating: "x", count: 16 << 20))], shardSize: 1)
      },
      RefusalCase(defect: .format(.shardsLimit), label: "no tensors to divide") { folder in
        _ = try FlatFormats.sink(
          kind: .shardedSafetensors, path: folder.file("out/"), specs: [], shardSize: 100)
      },
      RefusalCase(defect: .format(.shardsOverSource), label: "a shard that would be left over") { folder in
        let path = try ShardFiles().write(in: folder)
        _ = try FlatFormats.sink(
          kind: .shardedSafetensors, path: path, specs: [try TensorSpec(name: "a", dtype: .u8, shape: [2])],
          shardSize: 100, sourceFiles: [path + "/model-00002-of-00002.safetensors"])
      },
    ]

  /// A changed stored set that is to be written again.
  private static func stored(
    _ rule: FlatFormatRule, _ label: String, _ change: @escaping @Sendable (inout StoredFiles) -> Void
  ) -> RefusalCase {
    RefusalCase(defect: .format(rule), label: "stored: \(label)") { folder in
      let source = try openFolder(try ShardFiles().write(in: folder))
      var files = StoredFiles(shards: source?.shardSet?.shards ?? [], index: source?.shardSet?.index)
      change(&files)
      _ = try FlatFormats.sink(
        kind: .shardedSafetensors, path: folder.file("out"), specs: source?.tensors.map(\.spec) ?? [],
        shardSet: ShardSet(shards: files.shards, index: files.index))
    }
  }
}

/// The parts of a stored set, to be changed.
private struct StoredFiles {
  var shards: [ShardSet.Shard]
  var index: ShardSet.Index?
  var bytes: [UInt8] { index?.bytes ?? [] }
}

extension ShardSet.Shard {
  fileprivate func named(_ name: String) -> Self {
    Self(name: name, tensorCount: tensorCount, header: header)
  }
}
