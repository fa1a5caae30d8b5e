internal import Deflate

/// The zlib stream `bytes` inflated to exactly `count` bytes.
///
/// A stream that declares more than deflate can produce is refused before `count` bytes are allocated.
func inflate(
  _ bytes: [UInt8], to count: Int, _ context: FileContext, at offset: Int
) throws(HDF5Error) -> [UInt8] {
  func refusal(_ found: String) -> HDF5Error {
    context.malformed(
      "chunk", at: offset, expected: "a deflate stream of \(count) bytes", found: found)
  }
  guard count / Inflater.greatestRatio <= bytes.count else { throw refusal("\(bytes.count) stored bytes") }
  guard let inflater = Inflater(.zlib) else {
    throw context.limit("the memory there is", found: "no room to inflate", in: "chunk", at: offset)
  }
  var problem: String?
  let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
    problem = bytes.withUnsafeBytes { inflater.all($0, UnsafeMutableRawBufferPointer(buffer)) }
    filled = problem == nil ? count : 0
  }
  if let problem { throw refusal(problem) }
  return result
}
