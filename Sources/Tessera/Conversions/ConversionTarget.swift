package import FlatFormats
package import TensorStreams

/// What a conversion writes, by the name that it is given.
package enum ConversionTarget: Equatable, Sendable {
  case checkpoint
  case flat(FlatFormatKind)

  /// Nil for a name that no format has.
  package init?(path: String) {
    let name = path.lowercased()
    if name.hasSuffix(".h5") || name.hasSuffix(".hdf5") {
      self = .checkpoint
    } else if let kind = FlatFormats.kind(forName: name) {
      self = .flat(kind)
    } else if FlatFormats.isFolder(path) {
      self = .flat(.shardedSafetensors)
    } else {
      return nil
    }
  }
}

/// What a conversion may do, and how it writes.
package struct ConversionOptions {
  /// Whether a unit checkpoint's tensors are compressed.
  package var isCompressed = false
  /// Whether dtypes that NumPy lacks are written to npz and npy as raw bytes.
  package var isOpaque = false
  /// The most bytes of a shard; nil for a set as it was, or 5 GB.
  package var shardSize: Int?
  /// Whether an older file of the name is replaced.
  package var isReplacing = true
  /// Whether the user has said that something may be lost.
  package var mayLose: (LeftOut) -> Bool = { _ in false }

  package init() {}
}
