internal import Conversion
package import FlatFormats
package import TensorStreams
internal import Tensors
package import UnitCheckpoints

/// The kind of file that a conversion writes, from the file's name.
package enum ConversionTarget: Equatable, Sendable {
  case checkpoint
  case flat(FlatFormatKind)

  /// Returns nil if no format has such a name.
  package init?(path: String) {
    let name = path.lowercased()
    if name.hasSuffix(".weights.h5") {
      self = .flat(.keras)
    } else if name.hasSuffix(".h5") || name.hasSuffix(".hdf5") {
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

extension UnitCheckpoint {
  /// The kind of the HDF5 file that the checkpoint was made from; nil for other formats.
  ///
  /// A checkpoint cannot be cut again, so a destination `.h5` can only be that file.
  package var hdf5Kind: FlatFormatKind? {
    get throws {
      let kind = try base().kind
      return kind == .keras || kind == .hdf5 ? kind : nil
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
  /// The part of a set of checkpoints that is written, and the number of all parts; nil for one file.
  package var part: (number: Int, count: Int)?
  /// Whether an existing file is replaced.
  package var isReplacing = true
  /// Whether the user accepts the loss of a part.
  package var mayLose: (LeftOut) -> Bool = { _ in false }

  package init() {}
}

/// One of several models in a checkpoint.
package enum RootedSource {
  /// The tensors below `root`, without it; throws if there are none.
  package static func below(_ root: String, of flat: any FlatWeightsSource) throws -> any FlatWeightsSource {
    do throws(RootedWeights.Failure) { return try RootedWeights(flat, root: root) } catch {
      let place = "\(flat.path): --root \(TensorName(root).quoted)"
      switch error {
      case .graph:
        throw TesseraError(.request, "\(place): expected weights without a graph, found an ONNX model")
      case .nothing(let nearest):
        let roots = nearest.map { TensorName($0).quoted }.joined(separator: ", ")
        throw TesseraError(
          .request,
          "\(place): expected tensors below this root, found none"
            + (roots.isEmpty ? "" : "; the nearest roots are \(roots)"))
      }
    }
  }
}
