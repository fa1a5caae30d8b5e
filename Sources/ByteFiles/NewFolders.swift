internal import Glibc

/// Folders that are made for new files, and removed again if the files are not kept.
package final class NewFolders {
  private var made: [String] = []
  private var areKept = false

  /// Begins without folders.
  package init() {}

  deinit {
    if areKept { return }
    // Inner folders first; those that are not empty stay.
    for path in made.reversed() { SystemPath.removeFolder(path) }
  }

  /// Makes a folder, whose parent must exist, unless it was made here before.
  package func make(_ path: String) throws(FileError) {
    if made.contains(path) { return }
    guard SystemPath.makeFolder(path) == 0 else {
      throw FileError(action: "make", path: path, errno: errno)
    }
    made.append(path)
  }

  /// Keeps the folders, because their files are complete.
  package func keep() { areKept = true }
}
