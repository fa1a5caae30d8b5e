internal import ByteFiles
internal import Tensors
internal import Zip

/// The data bytes of one array in an npy file; the npy file may be a member of an archive.
protocol NpyPayload: AnyObject {
  /// Fills `buffer` from byte `offset` of the array's data. Reading forwards is fast; reading backwards may be slow.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError)
}

/// An array of a plain npy file, or one in a zip member whose CRC-32 has been checked.
final class FilePayload: NpyPayload, Sendable {
  private let file: ReadableFile
  private let start: Int

  init(file: ReadableFile, start: Int) {
    self.file = file
    self.start = start
  }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError) {
    try asFlatFormat { () throws(FileError) in try file.read(at: start + offset, into: buffer) }
  }
}

/// An array in a zip member. Reads that go forwards use one pass through the member; a read that goes back begins
/// another pass.
///
/// A pass that reaches the member's end checks its size and CRC-32. In every order, the last element of a tensor is the
/// last in the file, so reading all of a tensor reaches the end.
final class MemberPayload: NpyPayload {
  private let archive: ZipArchive
  private let entry: ZipEntry
  private let start: Int
  private var stream: ZipMemberStream?

  init(archive: ZipArchive, entry: ZipEntry, start: Int) {
    self.archive = archive
    self.entry = entry
    self.start = start
  }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError) {
    let target = start + offset
    try asFlatFormat { () throws(ZipError) in
      let current: ZipMemberStream
      if let stream, stream.position <= target {
        current = stream
      } else {
        current = try archive.stream(of: entry)
        stream = current
      }
      try current.skip(target - current.position)
      try current.read(into: buffer)
    }
  }

  /// Reads the whole member once for its CRC-32.
  func check() throws(FlatFormatError) {
    try asFlatFormat { () throws(ZipError) in try archive.stream(of: entry).skip(entry.size) }
  }
}
