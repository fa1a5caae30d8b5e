internal import Glibc

/// Folders that are made for files to come, and taken away again where none came.
package final class NewFolders {
  private var made: [String] = []
  private var areKept = false

  /// No folder yet.
  package init() {}

  deinit {
    if areKept { return }
    // Inner ones first; what is not empty stays.
    for path in made.reversed() { SystemPath.removeFolder(path) }
  }

  /// Makes a folder whose parent is there, unless it was made here before.
  package func make(_ path: String) throws(FileError) {
    if made.contains(path) { return }
    guard SystemPath.makeFolder(path) == 0 else {
      throw FileError(action: "make", path: path, errno: errno)
    }
    made.append(path)
  }

  /// The files are there.
  package func keep() { areKept = true }
}
