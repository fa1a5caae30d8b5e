import ByteFiles
import CLinux
import Glibc

/// A file in memory with a path, for readers that open files; one for the process, so an input costs microseconds.
enum ScratchFile {
  private static let descriptor = memfd_create("tessera-fuzz", 1)

  /// A file of these bytes, valid until the next call; fuzzing and replaying are serial.
  static func holding(_ bytes: [UInt8]) -> ReadableFile? {
    guard ftruncate(descriptor, 0) == 0 else { return nil }
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(done)) }
      if count <= 0 { return nil }
      done += count
    }
    return try? ReadableFile(path: "/proc/self/fd/\(descriptor)")
  }
}
