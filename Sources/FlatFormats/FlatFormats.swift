public import ByteFiles
public import TensorStreams
public import Tensors

/// The formats of flat weights: what a file is, opening it, writing one.
public enum FlatFormats {
  /// The format of `file`: by its first bytes, or, where they say nothing, by the end of its name; nil for neither.
  public static func recognise(_ file: ReadableFile) -> FlatFormatKind? {
    let head = FileHead(of: file)
    if let format = registry.first(where: { $0.matches(head) }) { return format.kind }
    // A name does not make a picture a tensor: what is clearly something else is not opened by its name.
    if head.foreignContent != nil { return nil }
    // Half of all files that nobody knows are called that.
    if head.hasSuffix(".bin") { return nil }
    return registry.first { $0.isUsual(file.path) }?.kind
  }

  /// Opens `file` after checking its header or directory whole.
  ///
  /// `assumeDType` says what the elements of a NumPy array are whose own dtype is only a width (`|V2`, `|V1`), as
  /// NumPy writes BF16 and FP8.
  public static func open(_ file: ReadableFile, assumeDType: DType?) throws(FlatFormatError)
    -> any FlatWeightsSource
  {
    guard let kind = recognise(file) else {
      let names = registry.map(\.kind.rawValue).joined(separator: ", ")
      throw .refused(
        .notRecognised, path: file.path, place: "first bytes", expected: "one of the formats \(names)",
        found: ZipListing.words(file) ?? FileHead(of: file).contentInWords)
    }
    return try open(file, as: kind, assumeDType: assumeDType)
  }

  /// Opens `file` as `kind`, whatever its name says.
  public static func open(_ file: ReadableFile, as kind: FlatFormatKind, assumeDType: DType?)
    throws(FlatFormatError) -> any FlatWeightsSource
  {
    do throws(FlatFormatError) { return try format(of: kind).open(file, assumeDType) } catch {
      // Every reader misses something else in an empty file; its user misses all of it.
      guard file.size == 0, case .refused(let rule, let path, _, _, _) = error else { throw error }
      throw .refused(
        rule, path: path, place: "byte 0", expected: "the bytes of a file (\(kind.rawValue))",
        found: "an empty file")
    }
  }

  /// Opens the weights in the folder at `path`; nil when it is none.
  ///
  /// They are what its `*.safetensors.index.json` names, or else its only safetensors file or its only set of numbered
  /// shards.
  public static func open(folder path: String, assumeDType: DType?) throws(FlatFormatError)
    -> (any FlatWeightsSource)?
  {
    guard let (source, errors) = examine(folder: path, assumeDType: assumeDType) else { return nil }
    if let first = errors.first { throw first }
    return source
  }

  /// Opens the weights in the folder at `path`, and tells everything that is wrong with them; nil when it is none.
  public static func examine(folder path: String, assumeDType: DType?)
    -> (source: (any FlatWeightsSource)?, errors: [FlatFormatError])?
  {
    guard let folder = ShardFolder(path) else { return nil }
    do throws(FlatFormatError) {
      switch try folder.contents() {
      case .set(let names):
        return ShardedSource.examine(set: names, in: folder, beside: try folder.leftOut(beside: names))
      case .index(let name), .single(let name):
        let file = try asFlatFormat { () throws(FileError) in try ReadableFile(path: folder.file(name)) }
        switch recognise(file) {
        case .shardedSafetensors: return ShardedSource.examine(index: file, isFolder: true)
        case .safetensors:
          return (try SafetensorsSource(file, beside: try folder.leftOut(beside: [name])), [])
        default: return examine(file, assumeDType: assumeDType)
        }
      }
    } catch { return (nil, [error]) }
  }

  /// Opens `file`, and tells everything that is wrong with it: of a set of shards that may be much, and of an archive
  /// of arrays each member may be.
  public static func examine(_ file: ReadableFile, assumeDType: DType?)
    -> (source: (any FlatWeightsSource)?, errors: [FlatFormatError])
  {
    if recognise(file) == .shardedSafetensors { return ShardedSource.examine(index: file) }
    do throws(FlatFormatError) {
      if file.size > 0, recognise(file) == .npz {
        let source = try NpzSource(file, assumed: assumeDType)
        return (source, source.defects)
      }
      return (try open(file, assumeDType: assumeDType), [])
    } catch {
      return (nil, [error])
    }
  }

  /// Whether `path` leads to a folder.
  public static func isFolder(_ path: String) -> Bool { ShardFolder(path) != nil }

  /// The files that a set of shards written to `path` might replace: the index, or whatever safetensors a folder has.
  public static func shards(at path: String) throws(FlatFormatError) -> [String] {
    if FileIdentity(path: path) != nil, ShardFolder(path) == nil { return [path] }
    guard let folder = ShardFolder(path) else { return [] }
    return try folder.names()
      .filter { $0.hasSuffix(ShardName.suffix) || ShardName.isIndex($0) }.map(folder.file)
  }

  /// Begins the file `path` with tensors of these specs; nothing is there under that name before `finish`.
  ///
  /// - `ties`: names that repeat another; every tensor is written in full, and the ties go to the format's metadata.
  /// - `metadata`: free text for safetensors; npz and npy have no place for it.
  /// - `verbatim`: of a safetensors source, to make the same file again: the header is checked against `specs`
  ///   and written as it is, and `ties` and `metadata` are what it says. Other formats have none.
  /// - `opaque`: lets npz and npy hold BF16, FP8 and sub-byte tensors as raw bytes without their dtype.
  /// - `shardSet`: of a sharded source, to make the same files again; checked against `specs`.
  /// - `shardSize`: the most bytes of tensors in one shard, unless one tensor alone has more; a set is then divided
  ///   anew, whatever `shardSet` says.
  /// - `hollowFiles`: of a source with a graph, whose files ONNX is written as.
  /// - `sourceFiles`: files that are read meanwhile and that a set of shards must not replace.
  /// - `replacing`: whether files of a set may replace others of their names; one file always may.
  public static func sink(
    kind: FlatFormatKind, path: String, specs: [TensorSpec], ties: [TensorTie] = [],
    metadata: [(key: String, value: String)] = [], verbatim: [UInt8]? = nil, opaque: Bool = false,
    shardSet: ShardSet? = nil, shardSize: Int? = nil, sourceFiles: [String] = [], replacing: Bool = true,
    hollowFiles: [HollowFile]? = nil
  ) throws(FlatFormatError) -> any TensorSink {
    var contents = SinkContents(
      path: path, specs: specs, ties: ties, metadata: metadata, verbatim: verbatim, opaque: opaque,
      shardSet: shardSet, shardSize: shardSize, sourceFiles: sourceFiles, replacing: replacing)
    contents.hollowFiles = hollowFiles
    try contents.check()
    return try format(of: kind).sink(contents)
  }

  /// The free text in a stored header of a safetensors file whose tensors take `bodySize` bytes.
  ///
  /// - Parameter path: names the file that holds the header in messages.
  public static func metadata(
    ofVerbatim header: [UInt8], path: String, bodySize: Int
  ) throws(FlatFormatError) -> [(key: String, value: String)] {
    try SafetensorsSource.parse(header, path: path, bodySize: bodySize).metadata
  }

  /// Checks that a header that was stored away can be written again before exactly these tensors.
  ///
  /// `path` stands for the file in the error. Formats that keep no header have nothing to check.
  public static func checkVerbatim(
    _ header: [UInt8], of kind: FlatFormatKind, describes specs: [TensorSpec], path: String
  ) throws(FlatFormatError) {
    guard kind.isSafetensors else { return }
    let contents = SinkContents(
      path: path, specs: specs, ties: [], metadata: [], verbatim: header, opaque: false)
    _ = try SafetensorsSink.order(ofVerbatim: header, contents)
  }

  /// Checks that a set of shards that was stored away can be written again for exactly these tensors.
  ///
  /// `path` stands for the file in the error.
  public static func checkShards(
    _ set: ShardSet, describes specs: [TensorSpec], path: String
  ) throws(FlatFormatError) {
    let destination = try ShardDestination(path, repeating: set)
    let contents = SinkContents(
      path: path, specs: specs, ties: [], metadata: [], verbatim: nil, opaque: false, shardSet: set)
    _ = try ShardLayout(repeating: set, contents, stem: destination.stem)
  }

  /// What to say of a zip archive that holds no weights: its members, or what is wrong with it; nil for other files.
  public static func archiveInWords(_ file: ReadableFile) -> String? { ZipListing.words(file) }

  /// The format whose files usually end like `path`, for choosing what to write.
  ///
  /// A folder (a path that ends in `/`) is for a set of shards.
  public static func kind(forName path: String) -> FlatFormatKind? {
    if path.hasSuffix("/") { return .shardedSafetensors }
    return suffixKind(forName: path)
  }

  private static func suffixKind(forName path: String) -> FlatFormatKind? {
    registry.first { $0.isUsual(path) }?.kind
  }
}
