internal import Synchronization

/// The files that this process has opened to read, none of which may be replaced or removed.
///
/// A command may read files that its line does not name: shards, external data, what a study lists. They are known here
/// by device and inode as soon as they are opened, and every writer asks before it begins and again before it renames.
/// A process that is no single command may well replace what it read before, so nothing is remembered before `remember`.
public enum FilesRead {
  private static let paths = Mutex<[FileIdentity: String]?>(nil)

  /// Begins to remember; a command calls it once, at its start.
  public static func remember() { paths.withLock { $0 = $0 ?? [:] } }

  static func note(_ identity: FileIdentity, path: String) {
    paths.withLock { paths in
      if paths?[identity] == nil { paths?[identity] = path }
    }
  }

  /// Throws where the file at `target` was read.
  ///
  /// - Parameter path: the destination as the user gave it.
  static func requireUnread(_ target: String, writing path: String) throws(FileError) {
    guard let identity = FileIdentity(path: target), let read = paths.withLock({ $0?[identity] }) else {
      return
    }
    let name = read == path ? "" : ", as \(read)"
    throw FileError(
      action: "write", path: path, reason: "this command reads that file\(name); expected another destination"
    )
  }
}
