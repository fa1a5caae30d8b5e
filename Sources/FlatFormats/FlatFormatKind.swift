/// The file formats of flat weights; `inspect --json` prints the raw value as `kind`.
public enum FlatFormatKind: String, CaseIterable, Sendable {
  /// A JSON header, then the tensors' bytes.
  case safetensors
  /// Several safetensors files, and a JSON index that gives each tensor's file.
  case shardedSafetensors = "safetensors-sharded"
  /// A distributed checkpoint of PyTorch: a folder with `.metadata` and files of pieces, or with the ranks' safetensors.
  case dcp
  /// A zip archive of npy files.
  case npz
  /// One NumPy array without a name; its tensor is named `arr_0`, the name that `numpy.savez` gives to an unnamed
  /// array.
  case npy
  /// A pickle that names tensors, and their storages. They are in a zip archive or, before version 1.6, one after
  /// another.
  case pytorch
  /// A graph in a protobuf message; its weights are in the message or in files of external data.
  case onnx
  /// HDF5 files of Keras with the names of its layers, a `.keras` archive with such a file, or an index of several.
  case keras
  /// Any other HDF5 file; its numeric datasets are tensors.
  case hdf5
  /// Metadata and tensors in a binary header, then the tensors' bytes; the format of llama.cpp.
  case gguf
  /// Nested msgpack maps with Flax's arrays.
  case flax
  /// An index and data files of TensorFlow: a checkpoint, or the variables of a SavedModel.
  case tensorflow
}

extension FlatFormatKind {
  /// Whether the kind is safetensors, in one file or in several: both can keep the same metadata.
  public var isSafetensors: Bool { self == .safetensors || self == .shardedSafetensors }

  /// Whether a folder with several files, one of which names the others, is one file of the kind.
  package var isOfSeveralFiles: Bool { [.shardedSafetensors, .dcp, .tensorflow].contains(self) }

  /// Whether a file of the kind can be stored without its tensors and be filled again.
  package var isHollow: Bool { [.onnx, .keras, .hdf5].contains(self) }

  /// Whether a file of the kind can have all of an optimizer's state: its tensors, and values that are no tensors.
  package var holdsOptimizers: Bool { self == .pytorch }
}
