import Foundation
internal import TensorStreams
import Tensors

@testable import FlatFormats

/// Reads the bytes as the index of two small shards, whose tensors are `a`, `b` and `c`.
enum ShardsExercise {
  static func run(_ bytes: [UInt8]) {
    guard let folder else { return }
    let index = folder + "/model.safetensors.index.json"
    guard FileManager.default.createFile(atPath: index, contents: Data(bytes)) else { return }
    let found = FlatFormats.examine(folder: folder)
    for error in found?.errors ?? [] {
      requireSentence(error)
      // Whatever an index names, only files of its folder are read.
      require("\(error)".hasPrefix(folder), "an error about a file of the folder: \(error)")
    }
    guard let source = found?.source else {
      require(found?.errors.isEmpty == false, "what is not opened has an error")
      return
    }
    // An index may leave out a whole shard, but not a part of one.
    let names = Set(source.tensors.map(\.spec.name))
    let size = (names.isSuperset(of: ["a", "b"]) ? 3 : 0) + (names.contains("c") ? 4 : 0)
    require(
      [["a", "b", "c"], ["a", "b"], ["c"]].contains(names), "all tensors of its shards, and no others")
    do {
      require(try WholeReading.readAll(source, limit: 1 << 20) == size, "all their bytes")
      try FlatFormats.checkShards(
        source.shardSet ?? ShardSet(shards: [], index: nil), describes: source.tensors.map(\.spec),
        path: index)
    } catch { require(false, "what was opened can be read and written again: \(error)") }
  }

  private static let path =
    NSTemporaryDirectory() + "tessera-fuzz-\(ProcessInfo.processInfo.processIdentifier)"

  /// The folder with the shards, made once for the process and removed when it ends.
  private static let folder: String? = {
    let folder = path
    atexit { try? FileManager.default.removeItem(atPath: ShardsExercise.path) }
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let shards = [
      (
        #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"I8","shape":[1],"data_offsets":[2,3]}}"#,
        3
      ),
      (#"{"__metadata__":{"k":"v"},"c":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#, 4),
    ]
    for (number, shard) in shards.enumerated() {
      let length = withUnsafeBytes(of: UInt64(shard.0.utf8.count).littleEndian) { Array($0) }
      let bytes = length + Array(shard.0.utf8) + [UInt8](repeating: 9, count: shard.1)
      let path = "\(folder)/model-0000\(number + 1)-of-00002.safetensors"
      guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else { return nil }
    }
    return folder
  }()
}
