internal import Synchronization

/// The files that this process has opened to read; it must not replace or remove them.
///
/// A command may read files that its arguments do not name: shards, external data, the files of a study. They are
/// recorded by device and inode when they are opened. Every writer checks before it begins, and again before it
/// renames. A program that uses the library may replace files that it has read, so nothing is recorded before
/// `remember`.
public enum FilesRead {
  private static let paths = Mutex<[FileIdentity: String]?>(nil)

  /// Starts recording; a command calls it once, at its start.
  public static func remember() { paths.withLock { $0 = $0 ?? [:] } }

  static func note(_ identity: FileIdentity, path: String) {
    paths.withLock { paths in
      if paths?[identity] == nil { paths?[identity] = path }
    }
  }

  /// Throws if the file at `target` was read.
  ///
  /// - Parameter path: the destination as the user gave it.
  static func requireUnread(_ target: String, writing path: String) throws(FileError) {
    guard let identity = FileIdentity(path: target), let read = paths.withLock({ $0?[identity] }) else {
      return
    }
    let name = read == path ? "" : " (as \(read))"
    throw FileError(
      action: "write", path: path, reason: "this command reads that file\(name); choose another destination")
  }
}
