internal import ByteFiles
internal import Synchronization

/// The files of a set. Those of most sets are opened once; a model may have more shards than a process can have open
/// files, so of a larger set the rest are opened when they are read.
final class ShardFiles: Sendable {
  /// A file that was found whole: the same file is read later.
  struct Shard {
    let path: String
    let identity: FileIdentity
    let size: Int
    /// The file, if it may stay open.
    fileprivate var opened: ReadableFile?

    /// - Parameter place: the number of the file in its set, of which only so many may stay open.
    init(_ file: ReadableFile, place: Int) {
      (path, identity, size) = (file.path, file.identity, file.size)
      opened = place < OpenFileLimit.kept ? file : nil
    }
  }

  private let shards: [Shard]
  /// The files used most recently, latest first. A reader holds its own file open.
  private let recent: Mutex<[(shard: Int, file: ReadableFile)]>

  /// Records the files whose headers have been read.
  init(_ files: [Shard]) {
    // Only `recent` keeps files open.
    shards = files.map { file in
      var closed = file
      closed.opened = nil
      return closed
    }
    recent = Mutex(files.enumerated().compactMap { number, file in file.opened.map { (number, $0) } })
  }

  /// The number of shards.
  var count: Int { shards.count }

  /// The bytes of all files together.
  var byteCount: Int {
    shards.reduce(0) { sum, file in
      let (total, overflow) = sum.addingReportingOverflow(file.size)
      return overflow ? .max : total
    }
  }

  /// The shard with this number; throws if it had to be opened again and is no longer the file whose header was read.
  func file(_ number: Int) throws(FlatFormatError) -> ReadableFile {
    // Opened under the lock: several readers may ask for one shard at once.
    try recent.withLock { (recent) throws(FlatFormatError) in
      if let known = recent.firstIndex(where: { $0.shard == number }) {
        let entry = recent.remove(at: known)
        recent.insert(entry, at: 0)
        return entry.file
      }
      let file = try open(shards[number])
      recent.insert((number, file), at: 0)
      if recent.count > OpenFileLimit.kept { recent.removeLast() }
      return file
    }
  }

  private func open(_ shard: Shard) throws(FlatFormatError) -> ReadableFile {
    let file = try asFlatFormat { () throws(FileError) in try ReadableFile(path: shard.path) }
    guard file.identity == shard.identity, file.size == shard.size else {
      throw .file(
        FileError(
          action: "read", path: shard.path, reason: "another file has taken its place since it was opened"))
    }
    return file
  }
}
