internal import ByteFiles
internal import Tensors

/// Bytes in memory: a packed storage, unpacked for tensors whose elements do not lie there in order, or a pickle.
final class MemoryPayload: NpyPayload, Sendable {
  private let bytes: [UInt8]
  private let path: String

  /// PyTorch stores without packing, so that this is for archives that someone has packed again.
  private static let limit = 64 << 20

  /// Bytes that have been read; `path` names their file in messages.
  init(_ bytes: [UInt8], path: String) {
    self.bytes = bytes
    self.path = path
  }

  init(_ entry: ZipEntry, _ archive: ZipArchive) throws(FlatFormatError) {
    guard entry.size <= Self.limit else {
      throw .refused(
        .torchPacked, path: archive.file.path, place: "member " + TensorName(entry.name).quoted,
        expected:
          "a packed storage of several tensors, or of one with strides, of at most \(Self.limit) bytes",
        found: "\(entry.size)")
    }
    bytes = try archive.stream(of: entry).bytes(entry.size)
    path = archive.file.path
  }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError) {
    guard offset >= 0, offset <= bytes.count, buffer.count <= bytes.count - offset else {
      throw .refused(
        .readPastEnd, path: path, place: "storage", expected: "a read of its \(bytes.count) bytes",
        found: "one of \(buffer.count) at \(offset)")
    }
    buffer.copyBytes(from: bytes[offset..<(offset + buffer.count)])
  }
}
