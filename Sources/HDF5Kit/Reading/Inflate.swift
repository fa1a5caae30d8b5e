internal import Deflate

/// Inflates the zlib stream `bytes` to exactly `count` bytes.
///
/// A `count` above what deflate can produce (1,032 bytes from one) is refused before memory is allocated.
func inflate(
  _ bytes: [UInt8], to count: Int, _ context: FileContext, at offset: Int
) throws(HDF5Error) -> [UInt8] {
  guard count / Inflater.greatestRatio <= bytes.count else {
    throw context.notInflated(at: offset, to: count, "\(bytes.count.grouped) stored bytes")
  }
  guard let inflater = Inflater(.zlib) else {
    throw context.limit("the free memory", found: "that inflating needs more", in: "chunk", at: offset)
  }
  var problem: String?
  let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
    problem = bytes.withUnsafeBytes { inflater.all($0, UnsafeMutableRawBufferPointer(buffer)) }
    filled = problem == nil ? count : 0
  }
  if let problem { throw context.notInflated(at: offset, to: count, problem) }
  return result
}

extension FileContext {
  /// The refusal of the stored bytes at `offset`, which do not inflate to `count` bytes.
  func notInflated(at offset: Int, to count: Int, _ found: String) -> HDF5Error {
    malformed("chunk", at: offset, expected: "a deflate stream of \(count.grouped) bytes", found: found)
  }
}
