internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// One row of the registry: how a format is told from others, and its two ends.
struct FlatFormat: Sendable {
  let kind: FlatFormatKind
  /// The usual end of the file's name, in lower case.
  let suffix: String
  /// Other ends that files of this format have, in lower case.
  var otherSuffixes: [String] = []
  /// Whether the first bytes are of this format; reads nothing but the head.
  let matches: @Sendable (FileHead) -> Bool
  let open: @Sendable (ReadableFile, DType?) throws(FlatFormatError) -> any FlatWeightsSource
  let sink: @Sendable (SinkContents) throws(FlatFormatError) -> any TensorSink

  /// Whether files of this format are usually called like `path`.
  func isUsual(_ path: String) -> Bool {
    let name = path.lowercased()
    return name.hasSuffix(suffix) || otherSuffixes.contains(where: name.hasSuffix)
  }
}

extension FlatFormats {
  /// Every format, in the order in which they are tried.
  static let registry: [FlatFormat] = FlatFormatKind.allCases.map(format(of:))

  /// The row of `kind`; the switch makes a new kind without a row an error of the compiler.
  static func format(of kind: FlatFormatKind) -> FlatFormat {
    switch kind {
    case .safetensors: SafetensorsSource.format
    case .shardedSafetensors: ShardedSource.format
    case .npz: NpzSource.format
    case .npy: NpySource.format
    case .pytorch: TorchSource.format
    case .onnx: ONNXSource.format
    }
  }
}
