package import ByteFiles
package import FlatFormats
internal import Tensors
package import UnitCheckpoints

extension UnitCheckpoint {
  /// The files of the graph that the checkpoint was made from, without the tensors' elements; nil where there was none.
  package func hollowFiles() throws(CheckpointError) -> [HollowFile]? {
    let stored = try sourceRecord()
    guard stored.kind == FlatFormatKind.onnx.rawValue else { return nil }
    let headers = try self.headers()
    var files: [HollowFile] = []
    for shard in stored.shards {
      guard let header = shard.header, let holes = shard.holes else { return nil }
      let file = HollowFile(
        name: shard.name, bytes: headers[header],
        holes: holes.map { HollowFile.Hole(position: $0.position, count: $0.count, tensor: $0.tensor) })
      guard file.size != nil else {
        throw .broken(
          .source, path: path, place: "/tessera/source", expected: "holes in their order, within their file",
          found: "others")
      }
      files.append(file)
    }
    return files.isEmpty ? nil : files
  }

  /// The graph's file with holes where the elements of tensors were: it takes no more memory than the graph.
  package func graphFile() throws(CheckpointError) -> ReadableFile? {
    guard let file = try hollowFiles()?.first, let size = file.size else { return nil }
    do throws(FileError) {
      let memory = try MemoryFile()
      for (position, range) in file.stretches { try memory.write(Array(file.bytes[range]), at: position) }
      try memory.extend(to: size)
      return try memory.readable(as: path)
    } catch { throw .file(error) }
  }
}
