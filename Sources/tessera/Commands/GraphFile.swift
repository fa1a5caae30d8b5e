internal import ByteFiles
internal import FlatFormats
internal import SubNetworks
internal import UnitCheckpoints

/// Finds the graph of a file that may have one.
enum GraphFile {
  /// The network of an ONNX file or of a checkpoint with a graph; nil for files that hold tensors alone.
  static func network(_ path: String) throws -> NetworkModel? {
    if FlatFormats.isFolder(path) { return nil }
    switch try InputFile(path) {
    case .checkpoint(let checkpoint): return try NetworkModel(checkpoint)
    case .flat(let source): return try network(source)
    }
  }

  /// The network of an ONNX file that has been opened.
  static func network(_ source: any FlatWeightsSource) throws -> NetworkModel? {
    guard source.kind == .onnx else { return nil }
    return try NetworkModel(try ReadableFile(path: source.path), source: source)
  }
}
