package import ByteFiles
package import Tensors

extension ReadableFile {
  /// SHA-256 over the file, or over a range of its bytes.
  ///
  /// - Parameter progress: called with the number of bytes of each piece.
  package func sha256(
    in range: Range<Int>? = nil, progress: (Int) -> Void = { _ in }
  ) throws(FileError) -> SHA256Digest {
    let hasher = SHA256Hasher()
    let range = range ?? 0..<size
    for start in stride(from: range.lowerBound, to: range.upperBound, by: 1 << 20) {
      let count = min(1 << 20, range.upperBound - start)
      hasher.update(try bytes(at: start, count: count))
      progress(count)
    }
    return hasher.finish()
  }
}
