internal import ByteFiles
internal import FlatFormats
package import Tensors
internal import UnitCheckpoints

extension OpenedFile {
  /// One file of the model.
  package struct DigestedFile: Sendable {
    /// The name in the folder of the model.
    package let name: String
    /// The size in bytes.
    package let size: Int
    package let sha256: SHA256Digest
  }

  /// The files that the tensors are read from: the file itself, or an index and its shards, or also external data.
  package var files: [String] {
    get throws {
      switch try contents {
      case .flat(let source): source.files
      case .checkpoint(let checkpoint): checkpoint.paths
      }
    }
  }

  /// The digests of all files of the model, for which every byte is read. In a folder, these are also its configuration,
  /// tokenizer and code; `others` are the names of everything else in it.
  ///
  /// - Parameter progress: called with the bytes that were read since the last call.
  package func digestedFiles(
    progress: (Int) -> Void
  ) throws -> (files: [DigestedFile], others: [String]) {
    let weights = try files.map { path in
      let file = try open(path)
      return DigestedFile(
        name: SystemPath.bareName(of: path), size: file.size,
        sha256: try file.sha256(progress: progress))
    }
    guard let folder, case .flat(let source) = try contents,
      let companions = try FlatFormats.companions(of: source, openedAs: folder)
    else { return (weights, []) }
    let others = companions.files.map {
      DigestedFile(name: $0.name, size: $0.bytes.count, sha256: SHA256Digest.of($0.bytes))
    }
    return (weights + others, companions.leftOut)
  }

  /// The file at one of `files`: the one that is open, if it is.
  func open(_ path: String) throws -> ReadableFile {
    if let file, file.path == path { return file }
    if case .flat(let source) = try contents, let file = try FlatFormats.file(at: path, of: source) {
      return file
    }
    return try ReadableFile(path: path)
  }
}
