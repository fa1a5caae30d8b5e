internal import ByteFiles
internal import Conversion
package import FlatFormats
internal import TensorStreams
internal import Tensors

/// The conversion of flat weights to another flat format.
package struct Rewriting {
  /// Bytes of all tensors.
  package let byteCount: Int

  /// The other files of the source's folder, which a folder gets too; nil if either is not a folder.
  package let companions: FolderCompanions?

  /// The number of tensors that are written.
  package var tensorCount: Int { source.tensors.count }

  private let source: any TensorSource
  private let files: FileStamps
  private let sink: any TensorSink
  private let mayLose: (LeftOut) -> Bool

  /// Lays out the file, or the set of shards, at `path`.
  package init(
    _ flat: any FlatWeightsSource, of opened: OpenedFile, as kind: FlatFormatKind, at path: String,
    _ options: ConversionOptions, trained: Training? = nil
  ) throws {
    source = trained?.weights ?? flat
    files = try SourceFiles(of: opened, [], trained).stamps
    let isFolder = kind == .shardedSafetensors
    companions =
      isFolder ? try FlatFormats.companions(of: flat, openedAs: opened.folder ?? opened.path) : nil
    mayLose = options.mayLose
    let keepsText = kind == flat.kind || kind.isSafetensors && flat.kind.isSafetensors
    sink = try FlatFormats.sink(
      kind: kind, path: path, specs: source.tensors.map(\.spec),
      ties: source.tensors.compactMap(TensorTie.init),
      metadata: keepsText ? flat.metadata(for: kind) : [],
      verbatim: kind == flat.kind && trained == nil ? flat.verbatim : nil,
      opaque: options.isOpaque, shardSet: flat.shardSet, shardSize: options.shardSize,
      sourceFiles: flat.files, replacing: options.isReplacing, companions: companions?.files ?? [],
      isModelFolder: companions != nil && flat.shardSet == nil,
      hollowFiles: kind == .keras && flat.kind == .keras ? try flat.hollowFiles() : nil,
      optimizer: trained?.weights.optimizer.state,
      kerasOrder: kind == .keras ? FlatFormats.kerasOrder(of: flat) : nil)
    byteCount = source.tensors.reduce(0) { $0 + $1.spec.byteCount }
  }

  /// Writes the tensors.
  ///
  /// - Parameter progress: receives the bytes read so far; an error that it throws ends the conversion.
  package func write(progress: (Int) throws -> Void) throws {
    try CopyTensors(source, to: sink, files: files, mayLose: mayLose).run(progress: progress)
  }
}
