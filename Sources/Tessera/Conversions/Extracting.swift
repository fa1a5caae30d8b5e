internal import ByteFiles
internal import Conversion
package import FlatFormats
package import Planning
package import TensorStreams
internal import Tensors
package import UnitCheckpoints

/// One sub-network of a checkpoint as a file of tensors.
package struct Extracting {
  /// Bytes of all tensors that are written.
  package let byteCount: Int

  /// What is written beside the weights, if they are a folder.
  package let folder: FolderExtraction?

  /// The parts of an optimizer's state that are not written.
  package let leftOut: [LeftOut]
  /// The tensors that are written.
  package let subNetwork: SubNetwork

  private let source: SubNetworkSource
  private let files: FileStamps
  private let sink: any TensorSink

  /// The format of an extracted file, by its name; nil for names of other formats.
  package static func kind(forName path: String) -> FlatFormatKind? {
    FlatFormats.kind(forName: path, use: .subNetwork)
  }

  /// Lays out the file at `path`.
  package init(
    _ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint, as kind: FlatFormatKind, at path: String,
    isOpaque: Bool, isReplacing: Bool = true, widths: ModelChange.LayerWidths = .uniform
  ) throws {
    files = FileStamps(checkpoint.paths)
    let isFolder = kind == .shardedSafetensors
    let training = try NetworkTraining(subNetwork, of: checkpoint, hasState: !isFolder, kind)
    let subNetwork = training.subNetwork
    self.subNetwork = subNetwork
    leftOut = training.leftOut
    folder = isFolder ? try FolderExtraction(subNetwork, of: checkpoint, widths) : nil
    try folder?.requireOwn(path)
    let source = SubNetworkSource(subNetwork.renamed(folder?.names ?? [:]), of: checkpoint)
    let tensors = source.tensors
    let header = try FlatFormats.hasSizesInHeader(kind) ? checkpoint.base().verbatimHeader(for: kind) : nil
    let changed = try header.flatMap {
      try FlatFormats.header(of: KeptTensors(subNetwork, of: checkpoint), from: $0, kind, path: path)
    }
    let plain = try FlatFormats.sink(
      kind: kind, path: path, specs: tensors.map(\.spec), ties: tensors.compactMap(TensorTie.init),
      metadata: kind.isSafetensors ? checkpoint.base().flatMetadata(for: kind) : [], verbatim: changed,
      opaque: isOpaque, sourceFiles: checkpoint.paths, replacing: isReplacing,
      companions: folder?.files ?? [],
      isModelFolder: folder != nil, optimizer: training.state,
      kerasOrder: kind == .keras ? try checkpoint.base().kerasOrder() : nil)
    sink = try TiedSink(plain, tensors, destination: path)
    byteCount = sink.order.reduce(0) { $0 + tensors[$1].spec.byteCount }
    self.source = source
  }

  /// Writes the tensors.
  ///
  /// - Parameter progress: receives the bytes read so far; an error that it throws ends the extraction.
  package func write(progress: (Int) throws -> Void) throws {
    try CopyTensors(source, to: sink, files: files).run(progress: progress)
  }
}
