internal import Glibc

/// Several files of one folder that appear together: first all but the last, then the last, which makes them a set.
///
/// They are written in a hidden folder next to their destinations and renamed in `commit`. No file system renames
/// several files at once, so a reader must look for the last one. A killed process leaves the old set, files without a
/// last one, or the new set. The next writer removes the hidden folder that a killed process leaves.
public final class AtomicFileSet: @unchecked Sendable {
  // Proof of @unchecked: only the owner touches `staged`, `finished` and `folderLock`; everything else is immutable.

  /// The folder as the user gave it.
  public let folder: String
  private let last: String
  private let staging: String
  private let descriptor: Int32
  private let removal: TemporaryRemoval.Slot?
  private let madeFolder: Bool
  private let folderRemoval: TemporaryRemoval.Slot?
  private var staged: [(name: String, removal: TemporaryRemoval.Slot?)] = []
  /// Folders below `folder` that were made here.
  private var madeBelow: [String] = []
  private var finished = false
  /// The locked folder; −1 before `lockFolder`.
  private var folderLock: Int32 = -1

  /// Makes the hidden folder, and `folder` itself if it does not exist.
  ///
  /// - Parameters:
  ///   - names: the files to be written, without the last one. Those in a folder below have a `/` in their names.
  ///   - last: the file that makes the others a set.
  public init(folder: String, names: [String], last: String) throws(FileError) {
    // Signals are held back: none may leave a folder that was made here, or remove one that existed before.
    TemporaryRemoval.holdSignals()
    madeFolder = SystemPath.makeFolder(folder) == 0
    let code = errno
    folderRemoval = madeFolder ? TemporaryRemoval.register(folder) : nil
    TemporaryRemoval.releaseSignals()
    if !madeFolder, code != EEXIST {
      throw code == ENOENT
        ? FileError(action: "write", path: folder, reason: "the folder above it does not exist")
        : FileError(action: "write", path: folder, errno: code)
    }
    let base = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    let directory = base.isEmpty ? "/" : base
    do throws(FileError) {
      for name in names + [last] {
        if let parent = Self.parent(of: name) { try Self.requireFolder("\(directory)/\(parent)") }
        try Self.requireReplaceable("\(directory)/\(name)")
      }
      let prefix = ".\(AtomicFile.shortened(last)).tessera-"
      Self.removeStale(in: directory, prefix: prefix, last: last)
      (descriptor, staging, removal) = try Self.createStaging("\(directory)/\(prefix)", for: folder)
    } catch {
      if madeFolder { SystemPath.removeFolder(folder) }
      TemporaryRemoval.forget(folderRemoval)
      throw error
    }
    self.folder = directory
    self.last = last
  }

  deinit {
    if !finished {
      for file in staged { SystemPath.unlink(stagedPath(file.name)) }
      for name in madeBelow.reversed() { SystemPath.removeFolder("\(folder)/\(name)") }
      SystemPath.removeFolder(staging)
      if madeFolder { SystemPath.removeFolder(folder) }
    }
    for file in staged { TemporaryRemoval.forget(file.removal) }
    TemporaryRemoval.forget(removal)
    TemporaryRemoval.forget(folderRemoval)
    close(descriptor)
    if folderLock >= 0 { close(folderLock) }
  }

  /// Begins one of the files; its own `commit` moves it into the hidden folder.
  public func file(_ name: String) throws(FileError) -> AtomicFile {
    // Registered first: a signal after the file's commit would otherwise leave it behind, and the hidden folder with
    // it.
    staged.append((name, TemporaryRemoval.register(stagedPath(name))))
    return try AtomicFile(path: stagedPath(name), shownAs: "\(folder)/\(name)", isFolderOwn: true)
  }

  /// The path of a file in the hidden folder, which has no folders in it. A name with a `/` has no colon.
  private func stagedPath(_ name: String) -> String { "\(staging)/\(name.replacing("/", with: ":"))" }

  /// The folder in a name; nil for a file in `folder` itself.
  private static func parent(of name: String) -> String? {
    name.utf8.contains(UInt8(ascii: "/")) ? SystemPath.folder(of: name) : nil
  }

  /// Waits until no other writer is renaming files in the folder, and keeps others out until this set is gone.
  public func lockFolder() {
    guard folderLock < 0 else { return }
    folderLock = SystemPath.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // In a file system without locks, the set is written all the same.
    if folderLock >= 0 { while flock(folderLock, LOCK_EX) != 0, errno == EINTR {} }
  }

  /// Renames every file into its place, the last one last, and then removes `stale`.
  ///
  /// If a file of the same name is replaced, the old last file is put aside first: an index must never be in a folder
  /// with files of another set. Replaced files are kept in the hidden folder, so that an error puts everything back;
  /// signals are held back until it is done. A killed process leaves the hidden folder. It shows readers that files
  /// without a last one are not a set.
  public func commit(removing stale: [String]) throws(FileError) {
    lockFolder()
    for name in staged.map(\.name) + stale {
      try FilesRead.requireUnread("\(folder)/\(name)", writing: "\(folder)/\(name)")
    }
    TemporaryRemoval.holdSignals()
    defer { TemporaryRemoval.releaseSignals() }
    let first = staged.map(\.name).filter { $0 != last }
    var moved: [(from: String, to: String)] = []
    do throws(FileError) {
      if first.contains(where: { Self.mode(of: "\(folder)/\($0)") != nil }) {
        try putAside(last, &moved)
        flushFolder()
      }
      for name in first { try put(name, &moved) }
      for name in Set(first.compactMap(Self.parent)) { flushFolder(name) }
      flushFolder()
      // A killed process may not come to remove these files. A second name in the hidden folder tells the next writer.
      for name in stale { SystemPath.link("\(folder)/\(name)", "\(staging)/\(name)\(Self.staleSuffix)") }
      // Replaces an old last file in one step: an old set with other names was complete until here.
      try place(last, &moved)
    } catch {
      for move in moved.reversed() { SystemPath.rename(move.to, move.from) }
      flushFolder()
      throw error
    }
    finished = true
    for name in stale {
      SystemPath.unlink("\(folder)/\(name)")
      SystemPath.unlink("\(staging)/\(name)\(Self.staleSuffix)")
    }
    for move in moved where move.to.hasPrefix(staging) { SystemPath.unlink(move.to) }
    SystemPath.removeFolder(staging)
    flushFolder()
  }

  private func put(_ name: String, _ moved: inout [(from: String, to: String)]) throws(FileError) {
    let mode = Self.mode(of: "\(folder)/\(name)")
    if let mode { SystemPath.change(stagedPath(name), to: mode) }
    if let parent = Self.parent(of: name) { try makeFolder(parent) }
    try putAside(name, &moved)
    try place(name, &moved)
  }

  /// Makes a folder below `folder` if it does not exist. It is removed again if the set is not finished.
  private func makeFolder(_ name: String) throws(FileError) {
    let path = "\(folder)/\(name)"
    if SystemPath.makeFolder(path) == 0 {
      madeBelow.append(name)
    } else if errno == EEXIST {
      try Self.requireFolder(path)
    } else {
      throw FileError(action: "write", path: path, errno: errno)
    }
  }

  /// Throws for a link or a file in the place of a folder: files must not be written elsewhere.
  private static func requireFolder(_ path: String) throws(FileError) {
    guard let status = SystemPath.linkStatus(path), status.st_mode & S_IFMT != S_IFDIR else { return }
    throw FileError(action: "write", path: path, reason: "it is not a folder")
  }

  private func place(_ name: String, _ moved: inout [(from: String, to: String)]) throws(FileError) {
    if let mode = Self.mode(of: "\(folder)/\(name)") { SystemPath.change(stagedPath(name), to: mode) }
    try move(stagedPath(name), "\(folder)/\(name)", for: "\(folder)/\(name)", &moved)
  }

  /// Moves the file that a new one replaces into the hidden folder.
  private func putAside(_ name: String, _ moved: inout [(from: String, to: String)]) throws(FileError) {
    let target = "\(folder)/\(name)"
    if Self.mode(of: target) == nil { return }
    try move(target, "\(staging)/\(moved.count).old", for: target, &moved)
  }

  private func move(
    _ from: String, _ to: String, for path: String, _ moved: inout [(from: String, to: String)]
  ) throws(FileError) {
    if SystemPath.rename(from, to) != 0 { throw FileError(action: "write", path: path, errno: errno) }
    moved.append((from, to))
  }

  /// Whether a writer of several files is working in a folder, or was killed there.
  public static func hasLeftovers(in folder: String) -> Bool {
    (SystemPath.names(in: folder) ?? []).contains { name in
      name.hasPrefix(".") && name.contains(".tessera-") && name.hasSuffix(".tmp")
        && SystemPath.linkStatus("\(folder)/\(name)").map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
    }
  }

  /// The renames must survive a power cut too. If the folder cannot be flushed, the commit still succeeds.
  private func flushFolder(_ name: String? = nil) {
    let path = name.map { "\(folder)/\($0)" } ?? folder
    let directory = SystemPath.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }

  private static func mode(of path: String) -> mode_t? {
    SystemPath.linkStatus(path).map { $0.st_mode & 0o7777 }
  }

  /// Throws for a directory, link or device, for a read-only file, and for a file that this command has read.
  private static func requireReplaceable(_ path: String) throws(FileError) {
    guard let status = SystemPath.linkStatus(path) else { return }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FileError(action: "write", path: path, reason: "it is not a regular file")
    }
    if !SystemPath.isWritable(path) { throw FileError(action: "write", path: path, errno: errno) }
    try FilesRead.requireUnread(path, writing: path)
  }

  /// Creates, opens and locks a new folder whose path begins with `prefix`; the lock shows that its writer lives.
  private static func createStaging(
    _ prefix: String, for path: String
  ) throws(FileError) -> (descriptor: Int32, path: String, removal: TemporaryRemoval.Slot?) {
    for _ in 0..<100 {
      let temporary = "\(prefix)\(String(UInt64.random(in: .min ... .max), radix: 16)).tmp"
      let removal = TemporaryRemoval.register(temporary)
      if SystemPath.makeFolder(temporary) != 0 {
        let code = errno
        TemporaryRemoval.forget(removal)
        if code == EEXIST { continue }
        throw FileError(action: "write", path: path, errno: code)
      }
      let descriptor = SystemPath.open(temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      if descriptor >= 0 {
        // Before the folder was locked, another writer may have taken it for a killed writer's, and may be removing it.
        let isLocked = flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
        if isLocked, AtomicFile.leads(temporary, to: descriptor) { return (descriptor, temporary, removal) }
        close(descriptor)
        TemporaryRemoval.forget(removal)
        continue
      }
      // If it is gone, another writer took it for a killed writer's.
      let code = errno
      if code != ENOENT { SystemPath.removeFolder(temporary) }
      TemporaryRemoval.forget(removal)
      if code != ENOENT { throw FileError(action: "write", path: path, errno: code) }
    }
    throw FileError(action: "write", path: path, errno: EEXIST)
  }

  private static func removeStale(in directory: String, prefix: String, last: String) {
    for name in SystemPath.names(in: directory) ?? [] where name.hasPrefix(prefix) && name.hasSuffix(".tmp") {
      let path = "\(directory)/\(name)"
      let stale = SystemPath.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
      if stale < 0 { continue }
      if flock(stale, LOCK_EX | LOCK_NB) == 0, AtomicFile.leads(path, to: stale) {
        let files = SystemPath.names(in: path) ?? []
        // The set was complete if its last file is no longer here: then the old files can go, too.
        if !files.contains(last) { removeReplaced(files, in: path, of: directory) }
        for file in files { SystemPath.unlink("\(path)/\(file)") }
        SystemPath.removeFolder(path)
      }
      close(stale)
    }
  }

  /// The end of the second name of a file that a complete set replaces.
  private static let staleSuffix = ".stale"

  /// Removes the files of a folder that a killed process wanted to remove: those with a second name in its hidden folder.
  private static func removeReplaced(_ files: [String], in hidden: String, of directory: String) {
    for file in files where file.hasSuffix(staleSuffix) {
      let path = "\(directory)/\(file.dropLast(staleSuffix.count))"
      guard let identity = FileIdentity(path: path), identity == FileIdentity(path: "\(hidden)/\(file)")
      else {
        continue
      }
      SystemPath.unlink(path)
    }
  }
}
