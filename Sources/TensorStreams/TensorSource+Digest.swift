package import Tensors

extension TensorSource {
  /// SHA-256 over the logical bytes of one tensor, read through a buffer of 4 MiB.
  ///
  /// - Parameter progress: called with the bytes of each window.
  package func digest(of index: Int, progress: (Int) -> Void = { _ in }) throws -> SHA256Digest {
    let hasher = SHA256Hasher()
    try reader(of: index).forEachWindow { window in
      hasher.update(window)
      progress(window.count)
    }
    return hasher.finish()
  }
}
