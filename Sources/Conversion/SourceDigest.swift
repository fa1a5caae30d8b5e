package import FlatFormats
package import Tensors

extension TensorSource {
  /// SHA-256 over the logical bytes of one tensor, read through a buffer of 4 MiB.
  package func digest(of index: Int, progress: (Int) -> Void) throws(FlatFormatError) -> SHA256Digest {
    let hasher = SHA256Hasher()
    let reader = try reader(of: index)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    var left = tensors[index].spec.byteCount
    while left > 0 {
      let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(left, buffer.count)])
      try reader.read(into: piece)
      hasher.update(UnsafeRawBufferPointer(piece))
      left -= piece.count
      progress(piece.count)
    }
    return hasher.finish()
  }
}
