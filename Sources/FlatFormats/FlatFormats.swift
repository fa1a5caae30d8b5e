public import ByteFiles
package import ONNXGraph
public import TensorStreams
public import Tensors

/// Recognises, opens and writes the formats of flat weights.
public enum FlatFormats {
  /// The format of `file`, by its first bytes or else by the suffix of its name; nil if neither identifies one.
  public static func recognise(_ file: ReadableFile) -> FlatFormatKind? {
    let head = FileHead(of: file)
    if let format = registry.first(where: { $0.matches(head) }) { return format.kind }
    // A name does not make a picture a tensor: if the first bytes identify another kind of file, the name is ignored.
    if head.foreignContent != nil { return nil }
    // `.bin` is the suffix of too many other kinds of files.
    if head.hasSuffix(".bin") { return nil }
    return registry.first { $0.isUsual(file.path) }?.kind
  }

  /// Opens `file` and checks its whole header or directory.
  ///
  /// - Parameter choices: the dtype and the names, where the file leaves them open.
  public static func open(
    _ file: ReadableFile, _ choices: ReadingChoices = ReadingChoices()
  ) throws(FlatFormatError) -> any FlatWeightsSource {
    guard let kind = recognise(file) else {
      throw .refused(
        .notRecognised, path: file.path, place: "first bytes", expected: "a \(names) file",
        found: ZipListing.words(file) ?? FileHead(of: file).contentInWords)
    }
    return try open(file, as: kind, choices)
  }

  /// Opens `file` as `kind`, whatever its name and first bytes are.
  public static func open(
    _ file: ReadableFile, as kind: FlatFormatKind, _ choices: ReadingChoices = ReadingChoices()
  ) throws(FlatFormatError) -> any FlatWeightsSource {
    do throws(FlatFormatError) { return try format(of: kind).open(file, choices) } catch {
      // Each reader would report another missing part of an empty file. The message must say that the file is empty.
      guard file.size == 0, case .broken(let defect, let path, _, _, _) = error else { throw error }
      throw .broken(
        defect, path: path, place: "byte 0", expected: "the bytes of a file (\(kind.rawValue))",
        found: "an empty file")
    }
  }

  /// Opens the weights of an ONNX model that has been decoded.
  package static func weights(of model: Model) throws(FlatFormatError) -> any FlatWeightsSource {
    try ONNXSource(model)
  }

  /// Opens the weights in the folder at `path`; nil if it is not a folder.
  ///
  /// They are the files that its `*.safetensors.index.json` names; without an index, its only safetensors file or its
  /// only set of numbered shards; or the pieces of a distributed checkpoint; or a checkpoint of TensorFlow, or the
  /// variables of a SavedModel.
  public static func open(
    folder path: String, _ choices: ReadingChoices = ReadingChoices()
  ) throws(FlatFormatError) -> (any FlatWeightsSource)? {
    let examined = examine(folder: path, choices, isComplete: false)
    guard let (source, errors) = examined else { return nil }
    if let first = errors.first { throw first }
    return source
  }

  /// Opens the weights in the folder at `path` and reports every defect that is found; nil if it is not a folder.
  public static func examine(folder path: String, _ choices: ReadingChoices = ReadingChoices())
    -> (source: (any FlatWeightsSource)?, errors: [FlatFormatError])?
  {
    examine(folder: path, choices, isComplete: true)
  }

  /// - Parameter isComplete: whether the pieces of a distributed checkpoint are opened, too.
  private static func examine(folder path: String, _ choices: ReadingChoices, isComplete: Bool)
    -> (source: (any FlatWeightsSource)?, errors: [FlatFormatError])?
  {
    guard let folder = ShardFolder(path) else { return nil }
    do throws(FlatFormatError) {
      switch try folder.contents() {
      case .set(let names):
        let found = ShardedSource.examine(
          set: names, in: folder, beside: try folder.leftOut(beside: names))
        guard found.errors.contains(where: { $0.defect == .format(.dcpPart) }) else { return found }
        // They are not shards of one set, but the pieces of ranks.
        return try DistributedSource.open(ranks: names, in: folder, isComplete: isComplete)
      case .distributed(let name):
        return try DistributedFolder.examine(name, in: folder, isComplete: isComplete)
      case .ranks(let names):
        return try DistributedSource.open(ranks: names, in: folder, isComplete: isComplete)
      case .tensorflow(let index):
        let file = try asFlatFormat { () throws(FileError) in try ReadableFile(path: folder.file(index)) }
        return (try TensorFlowSource(file), [])
      case .index(let name), .single(let name):
        let file = try asFlatFormat { () throws(FileError) in try ReadableFile(path: folder.file(name)) }
        switch recognise(file) {
        case .shardedSafetensors: return ShardedSource.examine(index: file, isFolder: true)
        case .safetensors:
          let source = try SafetensorsSource(file, beside: try folder.leftOut(beside: [name]))
          guard RankSharding.isIn(source.metadata) else { return (source, []) }
          return try DistributedSource.open(ranks: [name], in: folder, isComplete: isComplete)
        default: return examine(file, choices)
        }
      }
    } catch { return (nil, [error]) }
  }

  /// The reason why a folder is not opened as one model; nil for other folders.
  package static func refusal(ofFolder path: String) -> FlatFormatError? {
    do throws(FlatFormatError) { _ = try ShardFolder(path)?.contents() } catch { return error }
    return nil
  }

  /// Opens `file` and reports its defects: all of a format that goes on after the first, and only the first of others.
  public static func examine(_ file: ReadableFile, _ choices: ReadingChoices = ReadingChoices())
    -> (source: (any FlatWeightsSource)?, errors: [FlatFormatError])
  {
    if let kind = recognise(file), file.size > 0 || kind.isOfSeveralFiles {
      return examine(file, as: kind, choices)
    }
    do throws(FlatFormatError) { return (try open(file, choices), []) } catch { return (nil, [error]) }
  }

  /// Opens `file` as `kind`, whatever its name and first bytes are, and reports its defects.
  package static func examine(
    _ file: ReadableFile, as kind: FlatFormatKind, _ choices: ReadingChoices = ReadingChoices()
  ) -> Examined {
    do throws(FlatFormatError) {
      guard let examine = format(of: kind).examine else { return (try open(file, as: kind, choices), []) }
      return try examine(file, choices)
    } catch { return (nil, [error]) }
  }

  /// Whether `path` is a folder, or a link to one.
  public static func isFolder(_ path: String) -> Bool { ShardFolder(path) != nil }

  /// The files that a set of shards written to `path` may replace: `path` itself if it is a file, or all shards and
  /// indexes of a folder.
  public static func shards(at path: String) throws(FlatFormatError) -> [String] {
    if FileIdentity(path: path) != nil, ShardFolder(path) == nil { return [path] }
    guard let folder = ShardFolder(path) else { return [] }
    return try folder.names()
      .filter { $0.hasSuffix(ShardName.suffix) || ShardName.isIndex($0) }.map(folder.file)
  }

  /// Begins the file `path` with tensors of these specs; it appears under its name at `finish`.
  ///
  /// - `ties`: names whose tensors repeat another one. safetensors and npz store both tensors in full and record the
  ///   ties in their metadata or comment; PyTorch names one storage twice. GGUF stores both and loses the ties.
  /// - `metadata`: free text for safetensors; npz and npy cannot store it, and a new GGUF file has none.
  /// - `verbatim`: the header of a safetensors or GGUF source, to write the same file again. It is checked against
  ///   `specs` and written unchanged; its own ties and metadata replace `ties` and `metadata`. Other formats have none.
  /// - `opaque`: lets npz and npy hold BF16, FP8 and sub-byte tensors as raw bytes without their dtype.
  /// - `shardSet`: the set of a sharded source, to write the same files again; it is checked against `specs`.
  /// - `shardSize`: at most this many bytes of tensors in a shard, unless a single tensor is larger; it overrides
  ///   `shardSet`.
  /// - `hollowFiles`: the files of a source with a graph, which ONNX needs.
  /// - `sourceFiles`: files that are read at the same time; a set of shards must not replace them.
  /// - `companions`: files that are written beside a set of shards.
  /// - `isModelFolder`: whether a set that needs only one shard is one file without an index.
  /// - `replacing`: whether files of a set may replace existing ones; a single file always may.
  /// - `optimizer`: the state of an optimizer, whose tensors are among `specs`; only PyTorch writes its other values.
  /// - `kerasOrder`: how Keras finds the tensors; without it, only layers whose variables have a known order are written.
  public static func sink(
    kind: FlatFormatKind, path: String, specs: [TensorSpec], ties: [TensorTie] = [],
    metadata: [(key: String, value: String)] = [], verbatim: [UInt8]? = nil, opaque: Bool = false,
    shardSet: ShardSet? = nil, shardSize: Int? = nil, sourceFiles: [String] = [], replacing: Bool = true,
    companions: [CompanionFile] = [], isModelFolder: Bool = false, hollowFiles: [HollowFile]? = nil,
    optimizer: OptimizerState? = nil, kerasOrder: KerasOrder? = nil
  ) throws(FlatFormatError) -> any TensorSink {
    var contents = SinkContents(
      path: path, specs: specs, ties: ties, metadata: metadata, verbatim: verbatim, opaque: opaque,
      shardSet: shardSet, shardSize: shardSize, sourceFiles: sourceFiles, replacing: replacing)
    contents.hollowFiles = hollowFiles
    contents.kerasOrder = kerasOrder
    contents.companions = companions
    contents.isModelFolder = isModelFolder
    contents.optimizer = kind.holdsOptimizers ? optimizer : nil
    try contents.check()
    return try format(of: kind).sink(contents)
  }

  /// The free text in a stored header of a safetensors file whose tensors take `bodySize` bytes.
  ///
  /// - Parameter path: the name, in messages, of the file with the header.
  public static func metadata(
    ofVerbatim header: [UInt8], path: String, bodySize: Int
  ) throws(FlatFormatError) -> [(key: String, value: String)] {
    try SafetensorsSource.parse(header, path: path, bodySize: bodySize).metadata
  }

  /// Checks that a stored header can be written again for exactly these tensors.
  ///
  /// Errors name the file `path`. Formats without a stored header need no check.
  public static func checkVerbatim(
    _ header: [UInt8], of kind: FlatFormatKind, describes specs: [TensorSpec], path: String
  ) throws(FlatFormatError) {
    let contents = SinkContents(
      path: path, specs: specs, ties: [], metadata: [], verbatim: header, opaque: false)
    try format(of: kind).checkHeader?(header, contents)
  }

  /// Whether the file of a sub-network has the stored header of the whole model, with the sub-network's sizes.
  package static func hasSizesInHeader(_ kind: FlatFormatKind) -> Bool {
    format(of: kind).headerOfSubNetwork != nil
  }

  /// The header of a sub-network's file, made from the stored header of the whole model.
  ///
  /// Throws if the format cannot describe the sub-network. Nil for formats without sizes in their headers. Errors name
  /// the file `path`.
  package static func header(
    of tensors: KeptTensors, from stored: [UInt8], _ kind: FlatFormatKind, path: String
  ) throws(FlatFormatError) -> [UInt8]? {
    try format(of: kind).headerOfSubNetwork?(stored, tensors, path)
  }

  /// Checks that a stored set of shards can be written again for exactly these tensors.
  ///
  /// Errors name the file `path`.
  public static func checkShards(
    _ set: ShardSet, describes specs: [TensorSpec], path: String
  ) throws(FlatFormatError) {
    let destination = try ShardDestination(path, repeating: set)
    let contents = SinkContents(
      path: path, specs: specs, ties: [], metadata: [], verbatim: nil, opaque: false, shardSet: set)
    _ = try ShardLayout(repeating: set, contents, stem: destination.stem)
  }

  /// Whether a part of a file of this format can be a pickle.
  public static func mayHoldPickles(_ kind: FlatFormatKind) -> Bool { format(of: kind).mayHoldPickles }

  /// Follows every pickle of a file, and of the files that it names.
  public static func pickles(in file: ReadableFile) throws(FlatFormatError) -> PickleScan {
    guard let scan = recognise(file).flatMap({ format(of: $0).scan }) else { return try PickleScan(file) }
    return try scan(file)
  }

  /// The members of a zip archive or its defect, in words for a message; nil for other files.
  public static func archiveInWords(_ file: ReadableFile) -> String? { ZipListing.words(file) }

  /// The format whose usual suffix `path` has; it decides which format is written.
  ///
  /// A path that ends in `/` is a folder: a set of shards.
  public static func kind(forName path: String) -> FlatFormatKind? {
    if path.hasSuffix("/") { return .shardedSafetensors }
    return suffixKind(forName: path)
  }

  private static func suffixKind(forName path: String) -> FlatFormatKind? {
    registry.first { $0.isUsual(path) }?.kind
  }
}
