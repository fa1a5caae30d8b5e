internal import ByteFiles
internal import Tensors
internal import Zip

/// Bytes in memory: a pickle, or an unpacked storage that several tensors, or a tensor with strides, read.
final class MemoryPayload: NpyPayload, Sendable {
  private let bytes: [UInt8]
  private let path: String

  /// The most bytes of an unpacked storage; PyTorch does not pack storages, other tools may.
  static let limit = 64 << 20

  /// `bytes` were read from the file that messages name `path`.
  init(_ bytes: [UInt8], path: String) {
    self.bytes = bytes
    self.path = path
  }

  init(
    _ entry: ZipEntry, _ archive: ZipArchive, limit: Int = MemoryPayload.limit
  ) throws(FlatFormatError) {
    guard entry.size <= limit else {
      throw .refused(
        .torchPacked, path: archive.file.path, place: "member " + TensorName(entry.name).quoted,
        expected:
          "a packed storage of several tensors, or of one with strides, of at most \(limit.grouped) bytes",
        found: "\(entry.size.grouped)")
    }
    bytes = try asFlatFormat { () throws(ZipError) in try archive.stream(of: entry).bytes(entry.size) }
    path = archive.file.path
  }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError) {
    guard offset >= 0, offset <= bytes.count, buffer.count <= bytes.count - offset else {
      throw .refused(
        .readPastEnd, path: path, place: "storage", expected: "a read of its \(bytes.count.grouped) bytes",
        found: "one of \(buffer.count.grouped) at \(offset)")
    }
    buffer.copyBytes(from: bytes[offset..<(offset + buffer.count)])
  }
}
