internal import CLinux
internal import Glibc

/// A sparse file without a name, which is gone with its last descriptor: in memory, or in the folder for temporary files.
///
/// libhdf5 cannot handle a full disk: it can neither close nor drop a file that it could not write, and 1.10.8 crashes
/// when the process ends. So it writes here, where only written bytes take space, and we copy them to the disk.
package final class NamelessFile {
  private let descriptor: Int32

  /// An empty file on disk, in the folder of `TMPDIR`, else in /tmp; nil if there is no such folder, or if its file system
  /// has no files without names.
  package init?(onDisk: Void) {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    // O_TMPFILE of <fcntl.h>, which Swift's Glibc module leaves out.
    descriptor = open(folder, 0o20_000_000 | O_DIRECTORY | O_RDWR | O_CLOEXEC, 0o600)
    if descriptor < 0 { return nil }
  }

  /// An empty file in memory.
  package init() throws(FileError) {
    // MFD_CLOEXEC of <sys/mman.h>.
    descriptor = memfd_create("tessera", 1)
    if descriptor < 0 { throw FileError(action: "make", path: "a file in memory", errno: errno) }
  }

  deinit { close(descriptor) }

  /// Writes bytes at an offset; gaps between writes take no space.
  package func write(_ bytes: [UInt8], at offset: Int) throws(FileError) {
    try bytes.withUnsafeBytes { buffer in
      Result { () throws(FileError) in try write(buffer, at: offset) }
    }.get()
  }

  /// Writes bytes at an offset; gaps between writes take no space.
  package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
    if let error = WholeTransfer.write(bytes, to: descriptor, at: offset) {
      throw FileError(action: "write", path: "a temporary file", errno: error)
    }
  }

  /// Sets the file's length in bytes.
  package func extend(to size: Int) throws(FileError) {
    if ftruncate(descriptor, off_t(size)) != 0 {
      throw FileError(action: "make", path: "a file in memory", errno: errno)
    }
  }

  /// The file for reading; it remains when this object is released.
  ///
  /// - Parameter path: its name in messages.
  package func readable(as path: String) throws(FileError) -> ReadableFile {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    if copy < 0 { throw FileError(action: "open", path: path, errno: errno) }
    return try ReadableFile(taking: copy, path: path, allowsHardLinks: true)
  }

  /// Makes another open descriptor refer to this file.
  package func take(over other: Int32) throws(FileError) {
    if dup2(descriptor, other) < 0 {
      throw FileError(action: "take over", path: "a file in memory", errno: errno)
    }
    // dup2 leaves the new descriptor open across exec.
    _ = fcntl(other, F_SETFD, FD_CLOEXEC)
  }

  /// Copies the written ranges to the same places of `file`, and gives it the same length.
  ///
  /// - Parameter ranges: ranges of the file that are not copied, because `file` has its own bytes there; ascending.
  package func copy(to file: AtomicFile, leavingOut ranges: [Range<Int>] = []) throws(FileError) {
    // SEEK_DATA and SEEK_HOLE of <unistd.h>, which Swift's Glibc module does not define.
    let (seekData, seekHole): (Int32, Int32) = (3, 4)
    let size = lseek(descriptor, 0, SEEK_END)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    var rest = ranges[...]
    var position = lseek(descriptor, 0, seekData)
    while position >= 0, position < size {
      // The kernel reports data in whole pages; a page may begin or end in one of the ranges.
      while let range = rest.first, range.lowerBound <= position {
        position = max(position, range.upperBound)
        rest = rest.dropFirst()
      }
      if position >= size { break }
      let end = min(lseek(descriptor, position, seekHole), rest.first?.lowerBound ?? size)
      while position < end {
        let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, end - position)])
        let (count, error) = WholeTransfer.read(into: piece, from: descriptor, at: position)
        if count < piece.count {
          throw FileError(action: "read back", path: file.path, errno: error ?? EIO)
        }
        try file.write(UnsafeRawBufferPointer(piece), at: position)
        position += count
      }
      // After the last data, lseek fails with ENXIO.
      position = lseek(descriptor, end, seekData)
    }
    try file.truncate(to: size)
  }
}
