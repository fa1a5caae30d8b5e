internal import Accounting
internal import ByteFiles
internal import Conversion
internal import FlatFormats
internal import ONNXGraph
internal import SubNetworks
internal import TensorStreams
internal import Tensors
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

  /// What the graph of a file does with its tensors; empty for files that hold tensors alone.
  static func uses(of source: any FlatWeightsSource) throws -> [TensorName: OperatorUse] {
    source.kind == .onnx ? uses(in: try Model(try ReadableFile(path: source.path))) : [:]
  }

  /// The same of a checkpoint.
  static func uses(of checkpoint: UnitCheckpoint) throws -> [TensorName: OperatorUse] {
    guard let file = try checkpoint.graphFile() else { return [:] }
    return uses(in: try Model(file))
  }

  private static func uses(in model: Model) -> [TensorName: OperatorUse] {
    model.tensorUses.mapValues {
      OperatorUse(
        operation: $0.operation, input: $0.input, beside: $0.beside, node: $0.node, elements: $0.elements)
    }
  }

  /// The network of an ONNX file that has been opened.
  static func network(_ source: any FlatWeightsSource) throws -> NetworkModel? {
    guard source.kind == .onnx else { return nil }
    return try NetworkModel(try ReadableFile(path: source.path), source: source)
  }
}
