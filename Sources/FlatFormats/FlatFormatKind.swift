/// The file formats of flat weights; the raw value is what `inspect --json` prints as `kind`.
public enum FlatFormatKind: String, CaseIterable, Sendable {
  /// One JSON header and the tensors' bytes behind it.
  case safetensors
  /// A zip archive of npy files.
  case npz
  /// One NumPy array, which has no name; its tensor is called `arr_0`, as `numpy.savez` calls an unnamed one.
  case npy
}
