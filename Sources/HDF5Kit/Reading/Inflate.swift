internal import CZlib

/// The zlib stream `bytes` inflated to exactly `count` bytes.
///
/// A stream that declares more than deflate can produce (1,032 bytes from one) is refused before `count`
/// bytes are allocated.
func inflate(
  _ bytes: [UInt8], to count: Int, _ context: FileContext, at offset: Int
) throws(HDF5Error) -> [UInt8] {
  guard bytes.count > 0, count / 1032 <= bytes.count, let input = UInt32(exactly: bytes.count),
    let output = UInt32(exactly: count)
  else {
    throw context.malformed(
      "chunk", at: offset, expected: "a deflate stream of \(count) bytes",
      found: "\(bytes.count) stored bytes")
  }
  var status = Z_OK
  let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
    filled = 0
    bytes.withUnsafeBufferPointer { source in
      var stream = z_stream()
      status = tessera_inflateInit2(&stream, 15)
      guard status == Z_OK else { return }
      defer { inflateEnd(&stream) }
      stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
      stream.avail_in = input
      stream.next_out = buffer.baseAddress
      stream.avail_out = output
      // With all input and all room at hand, one call does it; Z_BUF_ERROR says that the room was too small.
      status = CZlib.inflate(&stream, Z_FINISH)
      filled = count - Int(stream.avail_out)
    }
  }
  guard status == Z_STREAM_END, result.count == count else {
    throw context.malformed(
      "chunk", at: offset, expected: "a deflate stream of \(count) bytes",
      found: status == Z_STREAM_END ? "\(result.count)" : "a broken or longer stream (zlib \(status))")
  }
  return result
}
