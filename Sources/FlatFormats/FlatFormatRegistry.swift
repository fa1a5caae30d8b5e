internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// One row of the registry: how to recognise, read and write a format.
struct FlatFormat: Sendable {
  let kind: FlatFormatKind
  /// The format's name in sentences; nil if it is a form of another format.
  var name: String?
  /// The usual suffix of the file's name, in lower case.
  let suffix: String
  /// Other suffixes that files of this format have, in lower case.
  var otherSuffixes: [String] = []
  /// Whether a file with such a name is of this format if its content tells nothing. Names that other files have, too, are
  /// not: those of unit checkpoints end as those of any HDF5, and many programs have an `.index`.
  var isKnownByName = true
  /// The files of this format that can be written.
  var uses: Set<FlatFormats.Use> = [.conversion, .subNetwork, .outputs]
  /// Whether a part of such a file can be a pickle.
  var mayHoldPickles = false
  /// Whether the first bytes belong to this format; reads only the head.
  let matches: @Sendable (FileHead) -> Bool
  let open: @Sendable (ReadableFile, ReadingChoices) throws(FlatFormatError) -> any FlatWeightsSource
  /// Opens a file and lists all its defects; nil if `open` ends at the first.
  var examine: (@Sendable (ReadableFile, ReadingChoices) throws(FlatFormatError) -> FlatFormats.Examined)?
  /// Follows the pickles of a file and of the files that it names; nil if they are those of the file alone.
  var scan: (@Sendable (ReadableFile) throws(FlatFormatError) -> PickleScan)?
  /// Opens a file that the sink has written; nil if it is opened like any other.
  var openWritten: (@Sendable (ReadableFile) throws(FlatFormatError) -> any FlatWeightsSource)?
  let sink: @Sendable (SinkContents) throws(FlatFormatError) -> any TensorSink
  /// Checks that a stored header describes the contents; nil for formats without one.
  var checkHeader: (@Sendable (_ stored: [UInt8], SinkContents) throws(FlatFormatError) -> Void)?
  /// The header of a sub-network's file, made from the stored header of the whole model; nil for formats that have no
  /// sizes of the model in it.
  var headerOfSubNetwork:
    (@Sendable (_ stored: [UInt8], KeptTensors, _ path: String) throws(FlatFormatError) -> [UInt8])?

  /// The source of a file without defects. Throws the first defect.
  static func sound(_ found: FlatFormats.Examined, _ file: ReadableFile) throws(FlatFormatError)
    -> any FlatWeightsSource
  {
    if let first = found.errors.first { throw first }
    guard let source = found.source else { throw ShardedSource.nothing(file.path) }
    return source
  }

  /// Whether `path` ends in a suffix of this format.
  func isUsual(_ path: String) -> Bool {
    guard isKnownByName else { return false }
    let name = path.lowercased()
    return name.hasSuffix(suffix) || otherSuffixes.contains(where: name.hasSuffix)
  }
}

extension FlatFormats {
  /// A file as far as it could be opened, and its defects.
  package typealias Examined = (source: (any FlatWeightsSource)?, errors: [FlatFormatError])

  /// The reasons to write a file of tensors.
  package enum Use: Sendable {
    /// All tensors of another file.
    case conversion
    /// The tensors of a sub-network: several tensors in one file.
    case subNetwork
    /// The outputs of a run: tensors without a graph.
    case outputs
  }

  /// Every format, in the order in which they are tried.
  static let registry: [FlatFormat] = FlatFormatKind.allCases.map(format(of:))

  /// The row of `kind`. A new kind without a row does not compile, because of the switch.
  static func format(of kind: FlatFormatKind) -> FlatFormat {
    switch kind {
    case .safetensors: SafetensorsSource.format
    case .shardedSafetensors: ShardedSource.format
    case .dcp: DistributedSource.format
    case .npz: NpzSource.format
    case .npy: NpySource.format
    case .pytorch: TorchSource.format
    case .onnx: ONNXSource.format
    case .keras: KerasSource.format
    case .hdf5: HDF5Source.format
    case .gguf: GGUFSource.format
    case .flax: FlaxSource.format
    case .tensorflow: TensorFlowSource.format
    }
  }
}
