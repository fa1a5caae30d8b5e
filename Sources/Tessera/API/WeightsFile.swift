internal import FlatFormats
internal import TensorStreams
internal import Tensors

/// A file with tensors, of any format: safetensors (also sharded), npz, npy, PyTorch, ONNX, or a unit checkpoint.
///
/// Opening reads the header or the index and checks it; the elements of tensors are read when they are asked for.
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

  /// Opens the file, or the folder with weights, at `path`, whatever its name says.
  ///
  /// - Parameter assumeDType: what the elements of a NumPy array are that lost their dtype (`|V2` of BF16).
  public init(_ path: String, assumeDType: DType? = nil) throws(TesseraError) {
    let dtype = assumeDType.flatMap { Tensors.DType(rawValue: $0.rawValue) }
    try self.init(try TesseraError.wrapping { try OpenedFile(path, assumeDType: dtype) })
  }

  package init(_ opened: OpenedFile) throws(TesseraError) {
    self.opened = opened
    contents = TensorContents(try TesseraError.wrapping { try opened.source })
    tensors = contents.tensors
  }

  /// The path, as it was given.
  public var path: String { opened.path }

  /// The format: "safetensors", "npz", "npy", "pytorch", "onnx", "unit-checkpoint", ….
  public var format: String { opened.flatKind?.rawValue ?? "unit-checkpoint" }

  /// What the file holds and that is not among its tensors.
  public var leftOut: [LeftOutPart] {
    contents.source.leftOut.map { LeftOutPart(name: $0.name, reason: $0.why) }
  }
}
