internal import Glibc
internal import Synchronization

/// A regular file opened for reading at any offset.
///
/// `pread` copies bytes into the caller's buffer. A source that shrinks while it is read becomes an error here, where a
/// mapping would raise SIGBUS; and a large file does not count as resident memory.
public final class ReadableFile: Sendable {
  /// The path as the user gave it.
  public let path: String
  /// The file's length in bytes when it was opened.
  public let size: Int
  /// Device and inode: two paths with the same identity are one file.
  public let identity: FileIdentity
  private let descriptor: Int32
  /// The file that this one is a part of, and the offset of its first byte there.
  private let whole: (file: ReadableFile, start: Int)?
  private let bytesRead = Atomic(0)
  private let firstFailure = Mutex<FileError?>(nil)

  /// Opens `path`; a directory, FIFO, socket or device is refused.
  ///
  /// - Parameter isInput: whether the result depends on the file, so that the result must not replace it.
  public convenience init(path: String, isInput: Bool = true) throws(FileError) {
    // O_NONBLOCK: opening a FIFO must fail below, not wait for its writer.
    let descriptor = SystemPath.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 { throw FileError(action: "open", path: path, errno: errno) }
    try self.init(taking: descriptor, path: path, allowsHardLinks: true)
    if isInput { FilesRead.note(identity, path: path) }
  }

  /// Takes over an open descriptor, and closes it if it throws.
  init(taking descriptor: Int32, path: String, allowsHardLinks: Bool) throws(FileError) {
    var status = stat()
    if fstat(descriptor, &status) != 0 {
      let code = errno
      close(descriptor)
      throw FileError(action: "open", path: path, errno: code)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      let what = status.st_mode & S_IFMT == S_IFDIR ? "it is a directory" : "it is not a regular file"
      throw FileError(action: "read", path: path, reason: what)
    }
    guard allowsHardLinks || status.st_nlink == 1 else {
      close(descriptor)
      throw FileError(action: "read", path: path, reason: "it has a second name (a hard link)")
    }
    self.path = path
    self.size = Int(status.st_size)
    self.identity = FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    self.descriptor = descriptor
    whole = nil
  }

  /// The bytes of `range` as a separate file, such as an archive within an archive; nil for a range outside the file.
  public convenience init?(_ range: Range<Int>, of file: ReadableFile) {
    guard range.lowerBound >= 0, range.upperBound <= file.size else { return nil }
    self.init(part: range, of: file)
  }

  private init(part range: Range<Int>, of file: ReadableFile) {
    path = file.path
    size = range.count
    identity = file.identity
    descriptor = file.descriptor
    whole = (file, range.lowerBound)
  }

  deinit { if whole == nil { close(descriptor) } }

  /// Fills `buffer` from the bytes at `offset`; throws if the file has fewer.
  public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
    do throws(FileError) { try readAll(at: offset, into: buffer) } catch {
      // A read past the end is a mistake of the caller, or of the file.
      if offset <= size - buffer.count { firstFailure.withLock { $0 = $0 ?? error } }
      throw error
    }
  }

  /// The first failed read of bytes within the file's size; nil if there was none.
  ///
  /// A validator needs it: a finding from bytes that could not be read is not a defect of the file.
  public var failure: FileError? { firstFailure.withLock { $0 } }

  private func readAll(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
    if let whole {
      guard offset >= 0, buffer.count <= size - offset else {
        throw FileError(
          action: "read", path: path,
          reason: "bytes \(offset) to \(offset &+ buffer.count) are outside this part of \(size) bytes")
      }
      return try whole.file.read(at: whole.start + offset, into: buffer)
    }
    let (count, error) = WholeTransfer.read(into: buffer, from: descriptor, at: offset)
    bytesRead.add(count, ordering: .relaxed)
    if let error { throw FileError(action: "read", path: path, errno: error) }
    if count < buffer.count {
      throw FileError(
        action: "read", path: path,
        reason:
          "the file ended at byte \(offset + count) while bytes \(offset) to \(offset + buffer.count) were expected"
      )
    }
  }

  /// The number of bytes read so far, as the operating system counts them.
  public var byteCountRead: Int { bytesRead.load(ordering: .relaxed) }

  /// The `count` bytes at `offset`; throws for a range outside the file before anything is allocated.
  public func bytes(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
    guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
      throw FileError(
        action: "read", path: path,
        reason: "bytes \(offset) to \(offset &+ count) are outside the file's \(size) bytes")
    }
    var failure: FileError?
    let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(FileError) {
        try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
        filled = count
      } catch {
        failure = error
        filled = 0
      }
    }
    if let failure { throw failure }
    return result
  }
}

/// Device and inode of a file.
public struct FileIdentity: Hashable, Sendable {
  /// `st_dev`.
  public let device: UInt64
  /// `st_ino`.
  public let inode: UInt64

  /// The identity of the file at `path`; nil if there is none.
  public init?(path: String) {
    guard let status = SystemPath.status(path) else { return nil }
    self.init(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
  }

  init(device: UInt64, inode: UInt64) {
    self.device = device
    self.inode = inode
  }
}
