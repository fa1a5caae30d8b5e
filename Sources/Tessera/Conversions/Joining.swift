package import ByteFiles
internal import Conversion
package import FlatFormats
package import TensorStreams
internal import Tensors
package import UnitCheckpoints
internal import UnitModel

/// The conversion of a unit checkpoint back to flat weights.
package struct Joining {
  /// Bytes of all tensors.
  package let byteCount: Int

  /// The files that are written beside the weights.
  package let companions: [CompanionFile]

  /// The tensors that are written.
  package let tensors: [SourceTensor]

  /// The inputs that are not written, by the name of their task, with the number of their tensors; nil for the first.
  package let others: [(name: String?, tensors: Int)]

  /// The parts of an optimizer's state that are not written; empty if nothing is left out.
  package let leftOut: [LeftOut]

  private let source: any TensorSource
  private let files: FileStamps
  private let sink: any TensorSink

  /// Lays out the file, or the set of shards, at `path`.
  ///
  /// - Parameter taken: the task of the added input to write; with nil, the first input is written.
  package init(
    _ checkpoint: UnitCheckpoint, as kind: FlatFormatKind, at path: String, _ options: ConversionOptions,
    taking taken: String? = nil
  ) throws {
    files = FileStamps(checkpoint.paths)
    let optimizer = try checkpoint.optimizer()
    let takesOptimizer = taken == Self.optimizer && optimizer != nil
    let input =
      takesOptimizer
      ? try checkpoint.base()
      : try taken.map { try Self.added(named: $0, in: checkpoint) } ?? checkpoint.base()
    others = try checkpoint.sourceRecord().inputs.filter { takesOptimizer || $0.name != taken }
      .map { ($0.name, $0.tensors.count) }
    let verbatim = takesOptimizer ? nil : try input.verbatimHeader(for: kind)
    let set = kind == .shardedSafetensors && !takesOptimizer ? try input.shardSet() : nil
    companions = kind == .shardedSafetensors && !takesOptimizer ? try input.companions() : []
    // An unchanged file has its metadata in its header; a new file of the same kind gets the same metadata.
    let isAsItWas = verbatim != nil || set != nil && options.shardSize == nil
    // A folder is a model's, and files that come back as they were have no room for the state.
    let hasOptimizer = optimizer != nil && taken == nil && !isAsItWas && kind != .shardedSafetensors
    let state = optimizer.map { Array($0.numbers) } ?? []
    source =
      takesOptimizer || hasOptimizer
      ? ChosenTensors(checkpoint, at: (takesOptimizer ? [] : Array(input.numbers)) + state) : input
    tensors = source.tensors
    leftOut =
      if taken == nil, let optimizer {
        hasOptimizer
          ? [LeftOut(settingsOf: optimizer.state, writtenAs: kind)].compactMap(\.self)
          : [LeftOut(optimizer: optimizer)]
      } else { [] }
    sink = try FlatFormats.sink(
      kind: kind, path: path, specs: tensors.map(\.spec), ties: tensors.compactMap(TensorTie.init),
      metadata: kind.isSafetensors && !isAsItWas ? try input.flatMetadata(for: kind) : [],
      verbatim: kind.isHollow ? nil : verbatim, opaque: options.isOpaque, shardSet: set,
      shardSize: options.shardSize, sourceFiles: checkpoint.paths, replacing: options.isReplacing,
      companions: companions, isModelFolder: set?.index == nil && set?.shards.count == 1,
      hollowFiles: takesOptimizer ? nil : try input.hollowFiles(for: kind),
      optimizer: takesOptimizer || hasOptimizer ? optimizer?.state : nil,
      kerasOrder: kind == .keras ? try input.kerasOrder() : nil)
    byteCount = tensors.reduce(0) { $0 + $1.spec.byteCount }
  }

  /// The name with which the state of an optimizer is taken alone.
  package static let optimizer = "optimizer"

  private static func added(named name: String, in checkpoint: UnitCheckpoint) throws -> StoredInput {
    if let input = try checkpoint.addedInput(named: name) { return input }
    let known = try checkpoint.sourceRecord().added.map(\.name)
    let nearest = nearestName(to: name, among: known).map { "; the nearest name is \(TensorName($0).quoted)" }
    throw TesseraError(
      .request,
      "\(checkpoint.path): --take: expected the name of an added input, found \(TensorName(name).quoted)"
        + (known.isEmpty ? "; no input was added to this checkpoint" : nearest ?? ""))
  }

  /// Writes the tensors.
  ///
  /// - Parameter progress: receives the bytes read so far; an error that it throws ends the conversion.
  package func write(progress: (Int) throws -> Void) throws {
    try CopyTensors(source, to: sink, files: files).run(progress: progress)
  }
}
