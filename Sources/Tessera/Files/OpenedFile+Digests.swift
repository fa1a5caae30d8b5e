internal import ByteFiles
internal import FlatFormats
package import Tensors
internal import UnitCheckpoints

extension OpenedFile {
  /// One file that the model is read from.
  package struct DigestedFile: Sendable {
    package let path: String
    /// The size in bytes.
    package let size: Int
    package let sha256: SHA256Digest
  }

  /// The files that the model is read from: the file itself, or an index and its shards, or also external data.
  package var files: [String] {
    get throws {
      switch try contents {
      case .flat(let source): source.files
      case .checkpoint(let checkpoint): [checkpoint.path]
      }
    }
  }

  /// The digests of these files; every byte is read.
  ///
  /// - Parameter progress: called with the bytes that were read since the last call.
  package func digestedFiles(progress: (Int) -> Void) throws -> [DigestedFile] {
    try files.map { path in
      let file = try open(path)
      return DigestedFile(
        path: path, size: file.size,
        sha256: try ProjectChecks.digest(of: file, in: 0..<file.size, progress: progress))
    }
  }

  private func open(_ path: String) throws -> ReadableFile {
    if let file, file.path == path { return file }
    if case .flat(let source) = try contents, let shard = try FlatFormats.shard(at: path, of: source) {
      return shard
    }
    return try ReadableFile(path: path)
  }
}
