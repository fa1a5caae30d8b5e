/// The source of a pickle's bytes.
package protocol PickleInput: AnyObject {
  /// The number of bytes, including any bytes after the pickle.
  var size: Int { get }
  /// Fills all of `buffer` from `offset`; the caller must stay within `size`.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(PickleError)
}

/// A pickle in memory.
package final class PickleBytes: PickleInput {
  private let bytes: [UInt8]

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package var size: Int { bytes.count }

  package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(PickleError) {
    guard offset >= 0, offset <= bytes.count, buffer.count <= bytes.count - offset else { throw .input }
    buffer.copyBytes(from: bytes[offset..<(offset + buffer.count)])
  }
}
