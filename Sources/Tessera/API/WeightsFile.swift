internal import FlatFormats
internal import TensorStreams
internal import Tensors

/// A file with tensors, of any format: safetensors (also sharded), npz, npy, PyTorch (also distributed), ONNX, Keras,
/// any other HDF5 file, GGUF, Flax, TensorFlow, or a unit checkpoint.
///
/// Opening reads and checks the header or the index; elements are read on demand.
///
/// ```swift
/// let file = try WeightsFile("model.safetensors")
/// for tensor in file.tensors { print(tensor.name, tensor.dtype, tensor.shape) }
/// ```
public struct WeightsFile: TensorCollection {
  package let opened: OpenedFile
  /// Every tensor, in the order of the file.
  public let tensors: [TensorDescription]
  /// The tensors with their bytes.
  public let contents: TensorContents

  /// The names that a file of Keras offers for its tensors.
  public enum Names: Sendable {
    /// Those of layers and variables: `conv/kernel`.
    case layers
    /// The paths in the file, which Keras makes of classes and counters: `layers/conv2d_1/vars/0`.
    case paths
  }

  /// Opens the file or the folder of weights at `path`.
  ///
  /// The format is recognised by content. The ending of the name decides only if the content does not.
  ///
  /// - Parameters:
  ///   - path: a file, or a folder with one set of weights.
  ///   - assumeDType: the dtype of NumPy arrays stored as raw bytes (`|V2` for BF16).
  ///   - names: the names of the tensors of Keras.
  public init(
    _ path: String, assumeDType: DType? = nil, names: Names = .layers
  ) throws(TesseraError) {
    let choices = ReadingChoices(
      assumeDType: assumeDType.flatMap { Tensors.DType(rawValue: $0.rawValue) },
      names: names == .paths ? .paths : .layers)
    try self.init(try TesseraError.wrapping { try OpenedFile(path, choices) })
  }

  package init(_ opened: OpenedFile) throws(TesseraError) {
    self.opened = opened
    contents = TensorContents(try TesseraError.wrapping { try opened.source })
    tensors = contents.tensors
  }

  /// The path as it was given; for a folder, the path of the weights in it.
  public var path: String { opened.path }

  /// The format: "safetensors", "npz", "npy", "pytorch", "onnx", "gguf", "unit-checkpoint", ….
  public var format: String { opened.flatKind?.rawValue ?? "unit-checkpoint" }

  /// Parts of the file that are not read as tensors, with the reasons.
  public var leftOut: [LeftOutPart] {
    contents.source.leftOut.map { LeftOutPart(name: $0.name, reason: $0.why) }
  }
}
