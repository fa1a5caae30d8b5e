internal import Glibc

extension ReadableFile {
  /// Opens a file that another file names: `name` is relative to `folder` and must stay in it.
  ///
  /// No step of the name may be a link, and the file must not have a second name, so that its bytes cannot be
  /// elsewhere. Each step is opened from the one before, so that no folder can be replaced in between.
  public convenience init(named name: String, within folder: String) throws(FileError) {
    let shown = folder + "/" + name
    if let problem = Self.problem(name) {
      throw FileError(action: "open", path: folder, reason: "the name of a file in it \(problem)")
    }
    var current = SystemPath.open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
    if current < 0 { throw FileError(action: "open", path: folder, errno: errno) }
    let steps = SystemPath.components(name).filter { !$0.isEmpty && $0 != "." }
    for (index, step) in steps.enumerated() {
      let isLast = index == steps.count - 1
      let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
      let next = SystemPath.open(step, in: current, isLast ? flags : flags | O_DIRECTORY)
      let code = errno
      close(current)
      if next < 0 {
        // With O_DIRECTORY, a link gives ENOTDIR instead of ELOOP.
        guard code == ELOOP || (code == ENOTDIR && !isLast) else {
          throw FileError(action: "open", path: shown, errno: code)
        }
        throw FileError(action: "open", path: shown, reason: "'\(step)' is a link, or not a folder")
      }
      current = next
    }
    try self.init(taking: current, path: shown, allowsHardLinks: false)
    FilesRead.note(identity, path: shown)
  }

  /// The defect of a file's name within a folder, as a predicate; nil for a good name.
  private static func problem(_ name: String) -> String? {
    let steps = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    if name.utf8.isEmpty || steps.allSatisfy({ $0.isEmpty || $0.elementsEqual(".".utf8) }) {
      return "is empty"
    }
    if name.utf8.contains(0) { return "contains a NUL" }
    if name.utf8.contains(UInt8(ascii: "\\")) { return "contains a backslash" }
    if name.utf8.first == UInt8(ascii: "/") { return "is an absolute path" }
    if steps.contains(where: { $0.elementsEqual("..".utf8) }) { return "contains '..'" }
    if steps.count > 32 { return "has more than 32 steps" }
    return nil
  }
}
