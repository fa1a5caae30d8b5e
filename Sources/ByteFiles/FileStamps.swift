internal import Glibc

/// The sizes and times of files before they are read. They show whether a program writes to a file meanwhile.
///
/// A file that is replaced by another one is not noticed: the opened file stays as it was.
package struct FileStamps: Sendable {
  private struct Stamp: Equatable {
    let identity: FileIdentity
    let size: Int
    let seconds: Int
    let nanoseconds: Int

    init?(_ path: String) {
      guard let status = SystemPath.status(path) else { return nil }
      identity = FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
      (size, seconds, nanoseconds) = (Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
    }
  }

  private let stamps: [(path: String, stamp: Stamp)]

  /// Notes the files at `paths`; paths without a file are passed over.
  package init(_ paths: [String]) {
    stamps = paths.compactMap { path in Stamp(path).map { (path, $0) } }
  }

  /// Throws if a file was written to.
  package func requireUnchanged() throws(FileError) {
    for (path, old) in stamps {
      guard let now = Stamp(path), now.identity == old.identity, now != old else {
        continue
      }
      throw FileError(action: "use", path: path, reason: "it was written to while it was read; run again")
    }
  }
}
