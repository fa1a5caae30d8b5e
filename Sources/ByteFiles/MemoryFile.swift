internal import CLinux
internal import Glibc

/// A sparse file without a name that lives in memory, for a library that insists on writing to a path.
///
/// libhdf5 cannot cope with a full disk: it neither closes nor drops a file that it could not write, and 1.10.8 crashes
/// when the process ends. So it writes here, where only what is written takes room, and we copy that to the disk.
package final class MemoryFile {
  private let descriptor: Int32

  /// An empty file.
  package init() throws(FileError) {
    // MFD_CLOEXEC of <sys/mman.h>.
    descriptor = memfd_create("tessera", 1)
    if descriptor < 0 { throw FileError(action: "make", path: "a file in memory", errno: errno) }
  }

  deinit { close(descriptor) }

  /// Writes bytes at an offset; what lies between two writes takes no room.
  package func write(_ bytes: [UInt8], at offset: Int) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        pwrite(descriptor, buffer.baseAddress?.advanced(by: done), bytes.count - done, off_t(offset + done))
      }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 {
        throw FileError(action: "write", path: "a file in memory", errno: count < 0 ? errno : EIO)
      }
      done += count
    }
  }

  /// Makes the file so long.
  package func extend(to size: Int) throws(FileError) {
    if ftruncate(descriptor, off_t(size)) != 0 {
      throw FileError(action: "make", path: "a file in memory", errno: errno)
    }
  }

  /// The file for reading, which lives on when this does not.
  ///
  /// - Parameter path: its name in messages.
  package func readable(as path: String) throws(FileError) -> ReadableFile {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    if copy < 0 { throw FileError(action: "open", path: path, errno: errno) }
    return try ReadableFile(taking: copy, path: path, allowsHardLinks: true)
  }

  /// Makes another open descriptor lead here instead of to its file.
  package func take(over other: Int32) throws(FileError) {
    if dup2(descriptor, other) < 0 {
      throw FileError(action: "take over", path: "a file in memory", errno: errno)
    }
    // dup2 leaves the new one open across exec.
    _ = fcntl(other, F_SETFD, FD_CLOEXEC)
  }

  /// Writes what was written here to the same places of `file`, and gives it the same length.
  ///
  /// - Parameter ranges: what `file` has of its own; ascending.
  package func copy(to file: AtomicFile, leavingOut ranges: [Range<Int>] = []) throws(FileError) {
    // SEEK_DATA and SEEK_HOLE of <unistd.h>, which Swift's Glibc module does not show.
    let (seekData, seekHole): (Int32, Int32) = (3, 4)
    let size = lseek(descriptor, 0, SEEK_END)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    var rest = ranges[...]
    var position = lseek(descriptor, 0, seekData)
    while position >= 0, position < size {
      // Data come in whole pages, which may have others' bytes at their ends.
      while let range = rest.first, range.lowerBound <= position {
        position = max(position, range.upperBound)
        rest = rest.dropFirst()
      }
      if position >= size { break }
      let end = min(lseek(descriptor, position, seekHole), rest.first?.lowerBound ?? size)
      while position < end {
        let count = pread(descriptor, buffer.baseAddress, min(buffer.count, end - position), position)
        if count < 0 && errno == EINTR { continue }
        if count <= 0 {
          throw FileError(action: "read back", path: file.path, errno: count < 0 ? errno : EIO)
        }
        try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: position)
        position += count
      }
      // Past the last data: ENXIO.
      position = lseek(descriptor, end, seekData)
    }
    try file.truncate(to: size)
  }
}
