internal import ByteFiles
internal import Synchronization

/// The files of a set, opened when they are read: a model may have more shards than a process can have open files.
final class ShardFiles: Sendable {
  private struct Shard {
    let path: String
    let identity: FileIdentity
    let size: Int
  }

  private let shards: [Shard]
  /// The files used most recently, latest first. A reader holds its own file open.
  private let recent = Mutex<[(shard: Int, file: ReadableFile)]>([])

  /// The number of files that stay open without a reader.
  private static let kept = 4

  /// Records the files whose headers have been read.
  init(_ files: [(path: String, identity: FileIdentity, size: Int)]) {
    shards = files.map { Shard(path: $0.path, identity: $0.identity, size: $0.size) }
  }

  /// Opens the shard with this number; throws if it is no longer the file whose header was read.
  func file(_ number: Int) throws(FlatFormatError) -> ReadableFile {
    if let file = recent.withLock({ recent in recent.first { $0.shard == number }?.file }) { return file }
    let shard = shards[number]
    let file = try asFlatFormat { () throws(FileError) in try ReadableFile(path: shard.path) }
    guard file.identity == shard.identity, file.size == shard.size else {
      throw .file(
        FileError(
          action: "read", path: shard.path, reason: "another file has taken its place since it was opened"))
    }
    recent.withLock { recent in
      recent.insert((number, file), at: 0)
      if recent.count > Self.kept { recent.removeLast() }
    }
    return file
  }
}
