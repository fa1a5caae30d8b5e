internal import CLinux
internal import Glibc

/// A file that appears at its path complete, or not at all.
///
/// Bytes go to a temporary file in the destination's folder. `commit` flushes it and renames it to the destination;
/// without a commit it is removed. If the process is killed, the temporary file remains, without a lock, and the next
/// writer of the same destination removes it.
public final class AtomicFile: @unchecked Sendable {
  // Proof of @unchecked: every stored property but `finished` is immutable, the descriptor is used through
  // position-explicit calls only, and `finished` changes in `commit` and is read in `deinit`, which have one owner.

  /// The destination as the user gave it.
  public let path: String
  /// The path of the bytes before `commit`.
  public let temporaryPath: String
  /// The path that is replaced: `path` or, if it is a link, the file that the link leads to.
  private let target: String
  private let descriptor: Int32
  private let removal: TemporaryRemoval.Slot?
  private var finished = false

  /// Creates the temporary file in the folder of `path`, and removes those that killed writers left there.
  public convenience init(path: String) throws(FileError) { try self.init(path: path, shownAs: path) }

  /// The same for a file that is moved to its destination later.
  ///
  /// - Parameters:
  ///   - shownAs: the path in messages.
  ///   - isFolderOwn: whether no other process writes to the folder. Then it has no old temporary files, and the folder
  ///     is not searched for them; otherwise this would happen again for every shard of a set.
  init(path: String, shownAs shown: String, isFolderOwn: Bool = false) throws(FileError) {
    // A link is followed: the file that it names is replaced, and the link stays.
    let target = try Self.resolved(path)
    let (directory, name) = Self.split(target)
    let status = SystemPath.status(target)
    if let status, status.st_mode & S_IFMT != S_IFREG {
      let what =
        status.st_mode & S_IFMT == S_IFDIR ? "a directory of that name exists" : "it is not a regular file"
      throw FileError(action: "write", path: path, reason: what)
    }
    // As with `cp`, a file that its owner has made read-only is not replaced.
    if status != nil, !SystemPath.isWritable(target) {
      throw FileError(action: "write", path: path, errno: errno)
    }
    try FilesRead.requireUnread(target, writing: path)
    let prefix = ".\(Self.shortened(name)).tessera-"
    if !isFolderOwn { Self.removeStale(in: directory, prefix: prefix) }
    (descriptor, temporaryPath, removal) = try Self.createTemporary("\(directory)/\(prefix)", for: shown)
    if let status { fchmod(descriptor, status.st_mode & 0o7777) }
    self.path = shown
    self.target = target
  }

  deinit {
    if !finished { SystemPath.unlink(temporaryPath) }
    TemporaryRemoval.forget(removal)
    close(descriptor)
  }

  /// Writes all of `bytes` at `offset`.
  public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
    if let error = WholeTransfer.write(bytes, to: descriptor, at: offset) {
      throw FileError(action: "write", path: path, errno: error)
    }
  }

  /// Writes all of `bytes` at `offset`.
  public func write(_ bytes: [UInt8], at offset: Int) throws(FileError) {
    var failure: FileError?
    bytes.withUnsafeBytes { buffer in
      do throws(FileError) { try write(buffer, at: offset) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Fills `buffer` from the bytes already written at `offset`.
  public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
    let (count, error) = WholeTransfer.read(into: buffer, from: descriptor, at: offset)
    if count < buffer.count { throw FileError(action: "read back", path: path, errno: error ?? EIO) }
  }

  /// The file as written so far, for a reader that must accept it before `commit`.
  public func readable() throws(FileError) -> ReadableFile {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    if copy < 0 { throw FileError(action: "read back", path: path, errno: errno) }
    return try ReadableFile(taking: copy, path: path, allowsHardLinks: true)
  }

  /// The length of the file as written so far, in bytes.
  public func currentSize() throws(FileError) -> Int {
    var status = stat()
    if fstat(descriptor, &status) != 0 { throw FileError(action: "write", path: path, errno: errno) }
    return Int(status.st_size)
  }

  /// Sets the length; bytes that were never written are zero.
  public func truncate(to size: Int) throws(FileError) {
    if ftruncate(descriptor, off_t(size)) != 0 { throw FileError(action: "write", path: path, errno: errno) }
  }

  /// Lets the kernel start writing the range to disk, so that the flush in `commit` finds less to do.
  public func startWriteback(from offset: Int, count: Int) {
    _ = tessera_start_writeback(descriptor, Int64(offset), Int64(count))
  }

  /// Flushes the bytes, then renames the temporary file to the destination.
  public func commit() throws(FileError) {
    if fsync(descriptor) != 0 { throw FileError(action: "write", path: path, errno: errno) }
    // Checked again: this process may have opened the file since, or another file may have taken its place.
    try FilesRead.requireUnread(target, writing: path)
    if SystemPath.rename(temporaryPath, target) != 0 {
      throw FileError(action: "write", path: path, errno: errno)
    }
    finished = true
    // The rename itself must survive a power cut too. If the directory cannot be flushed, the commit still succeeds.
    let directory = SystemPath.open(Self.split(target).directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }

  /// The path after all links; if the last link leads to no file, the path that it names.
  private static func resolved(_ path: String) throws(FileError) -> String {
    var path = path
    for _ in 0..<40 {
      if let resolved = SystemPath.resolved(path) { return resolved }
      if errno == ELOOP { throw FileError(action: "write", path: path, errno: ELOOP) }
      guard let next = SystemPath.target(ofLink: path) else { return path }
      path = SystemPath.isAbsolute(next) ? next : "\(split(path).directory)/\(next)"
    }
    throw FileError(action: "write", path: path, errno: ELOOP)
  }

  private static func split(_ path: String) -> (directory: String, name: String) {
    (SystemPath.folder(of: path), SystemPath.bareName(of: path))
  }

  /// Shortens a name to 200 bytes: file names have at most 255, and the suffix of the temporary file has about thirty.
  static func shortened(_ name: String) -> String {
    var result = name
    while result.utf8.count > 200 { result.removeLast() }
    return result
  }

  /// Creates, opens and locks a new file whose path begins with `prefix`.
  ///
  /// Between `open` and `flock` the file looks like one that a killed writer left, and another writer of the same
  /// destination may take the lock and remove it. So the lock counts only if the path still leads to the file.
  private static func createTemporary(
    _ prefix: String, for path: String
  ) throws(FileError) -> (descriptor: Int32, path: String, removal: TemporaryRemoval.Slot?) {
    for _ in 0..<100 {
      // The name is unique, so it can be registered for removal before the file exists; otherwise a signal in between
      // would leave the file behind.
      let temporary = "\(prefix)\(String(UInt64.random(in: .min ... .max), radix: 16)).tmp"
      let removal = TemporaryRemoval.register(temporary)
      let descriptor = SystemPath.open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      let code = errno
      if descriptor >= 0 {
        // In a file system without locks, no writer can lock an old file, so none removes this one.
        let isLocked = flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
        if isLocked, leads(temporary, to: descriptor) { return (descriptor, temporary, removal) }
        close(descriptor)
      }
      TemporaryRemoval.forget(removal)
      if descriptor >= 0 || code == EEXIST { continue }
      // "No such file" would suggest that the destination itself must exist.
      if code == ENOENT { throw FileError(action: "write", path: path, reason: "its folder does not exist") }
      throw FileError(action: "write", path: path, errno: code)
    }
    throw FileError(action: "write", path: path, errno: EEXIST)
  }

  /// Whether the file at `path` is the open one.
  static func leads(_ path: String, to descriptor: Int32) -> Bool {
    var opened = stat()
    guard let named = SystemPath.linkStatus(path) else { return false }
    return fstat(descriptor, &opened) == 0 && opened.st_nlink > 0
      && named.st_dev == opened.st_dev && named.st_ino == opened.st_ino
  }

  private static func removeStale(in directory: String, prefix: String) {
    for name in SystemPath.names(in: directory) ?? [] {
      guard name.hasPrefix(prefix), name.hasSuffix(".tmp") else { continue }
      let path = "\(directory)/\(name)"
      let stale = SystemPath.open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      if stale < 0 { continue }
      // A living writer holds the lock; a killed one cannot. A writer that has just renamed the file has released the
      // lock too, and the path may already belong to another writer.
      if flock(stale, LOCK_EX | LOCK_NB) == 0, leads(path, to: stale) { SystemPath.unlink(path) }
      close(stale)
    }
  }
}
