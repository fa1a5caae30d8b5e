package import ByteFiles
internal import Conversion
package import FlatFormats
internal import TensorStreams
internal import Tensors
package import UnitCheckpoints

/// The conversion of a unit checkpoint back to flat weights.
package struct Joining {
  /// Bytes of all tensors.
  package let byteCount: Int

  /// The files that are written beside the weights.
  package let companions: [CompanionFile]

  private let checkpoint: UnitCheckpoint
  private let sink: any TensorSink

  /// Lays out the file, or the set of shards, at `path`.
  package init(
    _ checkpoint: UnitCheckpoint, as kind: FlatFormatKind, at path: String, _ options: ConversionOptions
  ) throws {
    self.checkpoint = checkpoint
    let tensors = checkpoint.tensors
    let verbatim = try checkpoint.verbatimHeader(for: kind)
    let set = kind == .shardedSafetensors ? try checkpoint.shardSet() : nil
    companions = kind == .shardedSafetensors ? try checkpoint.companions() : []
    // An unchanged file has its metadata in its header; a new file of the same kind gets the same metadata.
    let isAsItWas = verbatim != nil || set != nil && options.shardSize == nil
    sink = try FlatFormats.sink(
      kind: kind, path: path, specs: tensors.map(\.spec), ties: tensors.compactMap(TensorTie.init),
      metadata: kind.isSafetensors && !isAsItWas ? try checkpoint.flatMetadata(for: kind) : [],
      verbatim: kind == .onnx ? nil : verbatim, opaque: options.isOpaque, shardSet: set,
      shardSize: options.shardSize, sourceFiles: [checkpoint.path], replacing: options.isReplacing,
      companions: companions, isModelFolder: set?.index == nil && set?.shards.count == 1,
      hollowFiles: kind == .onnx ? try checkpoint.hollowFiles() : nil)
    byteCount = tensors.reduce(0) { $0 + $1.spec.byteCount }
  }

  /// Writes the tensors.
  ///
  /// - Parameter progress: receives the bytes read so far; an error that it throws ends the conversion.
  package func write(progress: (Int) throws -> Void) throws {
    try CopyTensors(checkpoint, to: sink).run(progress: progress)
  }
}
