package import ByteFiles

/// The bytes that the reader reads: a file, or memory.
package protocol ByteSource: Sendable {
  /// The name in messages: the path as the user gave it.
  var name: String { get }
  /// The length in bytes.
  var size: Int { get }
  /// Fills `buffer` from `offset`. The caller must have checked that the range is inside `size`.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError)
}

extension ReadableFile: ByteSource {
  package var name: String { path }
}

/// Bytes in memory as a source: a file inside an archive, or a test's mutation.
package struct MemoryByteSource: ByteSource {
  package let name: String
  private let bytes: [UInt8]

  /// A source with these bytes; messages show `name` as its path.
  package init(_ bytes: [UInt8], name: String) {
    self.bytes = bytes
    self.name = name
  }

  package var size: Int { bytes.count }

  package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
    guard offset >= 0, offset <= bytes.count, buffer.count <= bytes.count - offset else {
      throw FileError(
        action: "read", path: name,
        reason: "\(buffer.count) bytes at \(offset) are outside its \(bytes.count) bytes")
    }
    bytes.withUnsafeBytes { buffer.copyMemory(from: .init(rebasing: $0[offset..<offset + buffer.count])) }
  }
}
