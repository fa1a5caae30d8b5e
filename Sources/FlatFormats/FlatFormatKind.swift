/// The file formats of flat weights; the raw value is what `inspect --json` prints as `kind`.
public enum FlatFormatKind: String, CaseIterable, Sendable {
  /// One JSON header and the tensors' bytes behind it.
  case safetensors
  /// Several safetensors files, and an index in JSON that says which tensor is in which.
  case shardedSafetensors = "safetensors-sharded"
  /// A zip archive of npy files.
  case npz
  /// One NumPy array, which has no name; its tensor is called `arr_0`, as `numpy.savez` calls an unnamed one.
  case npy
  /// A pickle that names tensors, and their storages: a zip archive, or before version 1.6 one after the other.
  case pytorch
  /// A graph in a protobuf message, with its weights beside the nodes or in files of their own.
  case onnx
}

extension FlatFormatKind {
  /// Whether a file of this kind is safetensors, in one file or in several: they keep the same free text.
  public var isSafetensors: Bool { self == .safetensors || self == .shardedSafetensors }
}
