import Foundation
import TestSupport

/// A folder with files of several formats, for tests of a project's rules. `.git` ends the search for `tessera.toml`.
struct ProjectFolder {
  let folder: TemporaryFolder
  var path: String { folder.path }

  /// Tasks `t`, with levels `small` and `large`, and `u`.
  static let plan = """
    { "format": "tessera.plan/1", "units": 3,
      "axes": { "ffn{}": { "size": 64, "units": [30, 20, 14] } },
      "tensors": [ { "match": "layer{}.up", "axes": ["ffn{}", null] },
                   { "match": "layer{}.down", "axes": [null, "ffn{}"] } ],
      "tasks": [ { "name": "t", "order": [2, 0, 1], "levels": { "small": 1, "large": 3 } },
                 { "name": "u", "order": [0, 1, 2], "levels": [2] } ] }

    """

  /// A policy that only a file with masks meets.
  static let policy = """
    { "format": "tessera.counting-policy/1", "id": "masked", "version": 1, "title": "Masked",
      "description": "Every element that a mask keeps.", "density": "masked" }

    """

  init() throws {
    folder = try TemporaryFolder()
    _ = try folder.write("", as: ".git/HEAD")
    _ = try folder.write(Self.plan, as: "plan.json")
    _ = try folder.write(Self.policy, as: "masked.json")
    let rows: [SampleWeights.Row] = [
      ("stem.weight", "F32", [4, 3]), ("layer0.up", "F16", [2, 4]), ("layer1.up", "F16", [2, 5]),
      ("steps", "I64", [7]),
    ]
    _ = try folder.write(SampleWeights.bytes(rows), as: "sub/w.safetensors")
    _ = try folder.write(Self.withNaN, as: "nan.safetensors")
    for name in ["module.pt", "lightning.ckpt"] {
      _ = try folder.write(
        try TemporaryFolder.bytes(of: "\(SourceFolder.fixtures)/pytorch/\(name)"), as: name)
    }
    _ = try folder.write(SampleWeights.pairs(megabytes: 1), as: "pairs.safetensors")
    let run = try tessera(["convert", "pairs.safetensors", "m.h5", "--plan", "plan.json"], directory: path)
    guard run.ending == .exited(0) else { throw CocoaError(.fileWriteUnknown) }
    _ = try folder.write(
      Array(try TemporaryFolder.bytes(of: folder.file("m.h5")).dropLast(900)), as: "torn.h5")
  }

  /// One tensor `a` with two NaN.
  private static let withNaN: [UInt8] = {
    let json = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
    return withUnsafeBytes(of: UInt64(json.utf8.count).littleEndian) { Array($0) } + Array(json.utf8)
      + [UInt8](repeating: 0xFF, count: 8)
  }()

  func write(_ document: String, as name: String = "tessera.toml") throws {
    _ = try folder.write(document, as: name)
  }

  func validate(_ arguments: String..., directory: String? = nil) throws -> Subprocess {
    try tessera(["validate"] + arguments, directory: directory ?? path)
  }
}
