import FlatFormats
import Foundation
import Tensors
import TestSupport

/// Files of a set of shards, as literal text.
struct ShardFiles {
  /// The names of each shard's tensors. Each is U8 of two bytes, so the names determine a shard's bytes.
  var shards: [(file: String, tensors: [String])] = [
    ("model-00001-of-00002.safetensors", ["a", "b"]), ("model-00002-of-00002.safetensors", ["c"]),
  ]
  var index: String? = Self.good

  /// The file that a clone without Git LFS has in place of a shard.
  static let pointer = """
    version https://git-lfs.github.com/spec/v1
    oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
    size 4976698672

    """

  static let name = "model.safetensors.index.json"
  static let good = Self.json(
    #""a": "model-00001-of-00002.safetensors", "b": "model-00001-of-00002.safetensors", "c": "model-00002-of-00002.safetensors""#,
    total: "6")

  /// An index with this map.
  static func json(_ map: String, total: String? = nil) -> String {
    let metadata = total.map { #""metadata": {"total_size": \#($0)}, "# } ?? ""
    return "{\(metadata)\"weight_map\": {\(map)}}"
  }

  static func shard(_ tensors: [String]) -> [UInt8] {
    let entries = tensors.enumerated().map { place, name in
      #""\#(name)":{"dtype":"U8","shape":[2],"data_offsets":[\#(2 * place),\#(2 * place + 2)]}"#
    }
    return safetensors("{\(entries.joined(separator: ","))}", body: 2 * tensors.count)
  }

  /// Writes the files into `folder/set` and returns that folder.
  @discardableResult
  func write(in folder: TemporaryFolder) throws -> String {
    let path = folder.file("set")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    for shard in shards { _ = try folder.write(Self.shard(shard.tensors), as: "set/\(shard.file)") }
    if let index { _ = try folder.write(Array(index.utf8), as: "set/\(Self.name)") }
    return path
  }
}

/// Opens the weights of a folder.
func openFolder(_ path: String) throws -> (any FlatWeightsSource)? {
  try FlatFormats.open(folder: path)
}

/// The names and bytes of all files of a folder.
func files(of path: String) throws -> [String: [UInt8]] {
  var files: [String: [UInt8]] = [:]
  for name in try FileManager.default.contentsOfDirectory(atPath: path) {
    // A link may be broken.
    files[name] = (try? TemporaryFolder.bytes(of: "\(path)/\(name)")) ?? []
  }
  return files
}
