package import ByteFiles
internal import FlatFormats
internal import Glibc

/// The files of a folder and of the folders in it.
package struct FolderListing {
  /// A folder and the names of its regular files. The path begins with that of the given folder, unless it is ".".
  package struct Folder {
    let path: String
    var files: [String] = []

    /// The paths of the files.
    package var paths: [String] { files.map(path(of:)) }

    func path(of name: String) -> String { SystemPath.joined(path, name) }
  }

  package private(set) var folders: [Folder] = []
  /// The paths that are not examined, with the reasons.
  package private(set) var left: [(path: String, why: String)] = []

  /// The paths that the caller did not want.
  package private(set) var skipped: [String] = []

  private static let depthLimit = 16
  private static let entryLimit = 100_000

  /// - Parameter takes: for a path, whether it is examined; by default, every name that does not begin with a dot is, and
  ///   the others are left.
  package init(_ path: String, where takes: ((String) -> Bool)? = nil) throws(FileError) {
    var pending = [(path: path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path, depth: 0)]
    var count = 0
    while let (path, depth) = pending.popLast() {
      var folder = Folder(path: path)
      var below: [String] = []
      for name in try Self.names(in: path) {
        count += 1
        guard count <= Self.entryLimit else {
          throw FileError(
            action: "check", path: path, reason: "the folder has more than \(Self.entryLimit) files")
        }
        let place = SystemPath.joined(path, name)
        if let takes, !takes(place) {
          skipped.append(place)
          continue
        }
        guard var status = SystemPath.linkStatus(place) else {
          throw FileError(action: "open", path: place, errno: errno)
        }
        let isLink = status.st_mode & S_IFMT == S_IFLNK
        if isLink { status = SystemPath.status(place) ?? status }
        if isLink, status.st_mode & S_IFMT == S_IFLNK {
          left.append((place, "a link to no file"))
        } else if takes == nil, name.utf8.first == UInt8(ascii: "."),
          !FlatFormats.isMetadata(name) || status.st_mode & S_IFMT != S_IFREG
        {
          left.append((place, "its name is hidden"))
        } else if status.st_mode & S_IFMT == S_IFREG {
          folder.files.append(name)
        } else if status.st_mode & S_IFMT != S_IFDIR {
          left.append((place, "it is not a regular file"))
        } else if isLink {
          left.append((place, "a link to a folder"))
        } else if depth == Self.depthLimit {
          left.append((place, "a folder below \(Self.depthLimit) others"))
        } else {
          below.append(place)
        }
      }
      folders.append(folder)
      pending += below.reversed().map { ($0, depth + 1) }
    }
  }

  /// Every name in the folder, sorted by its bytes.
  private static func names(in path: String) throws(FileError) -> [String] {
    guard let names = SystemPath.names(in: path) else {
      throw FileError(action: "list", path: path, errno: errno)
    }
    return names.filter { $0 != "." && $0 != ".." }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
