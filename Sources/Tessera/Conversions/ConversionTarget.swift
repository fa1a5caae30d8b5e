package import FlatFormats
package import TensorStreams

/// The kind of file that a conversion writes, from the file's name.
package enum ConversionTarget: Equatable, Sendable {
  case checkpoint
  case flat(FlatFormatKind)

  /// Returns nil if no format has such a name.
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

/// The options of a conversion.
package struct ConversionOptions {
  /// Whether a unit checkpoint's tensors are compressed.
  package var isCompressed = false
  /// Whether dtypes that NumPy lacks are written to npz and npy as raw bytes.
  package var isOpaque = false
  /// The largest shard in bytes; nil keeps a set's shards, or uses 5 GB for a new set.
  package var shardSize: Int?
  /// Whether an existing file is replaced.
  package var isReplacing = true
  /// Whether the user accepts the loss of a part.
  package var mayLose: (LeftOut) -> Bool = { _ in false }

  package init() {}
}
