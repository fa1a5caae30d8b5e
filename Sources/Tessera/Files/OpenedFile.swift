package import ByteFiles
internal import Conversion
package import FlatFormats
internal import HDF5Kit
package import ONNXGraph
package import SubNetworks
package import TensorStreams
internal import Tensors
package import UnitCheckpoints
internal import Validation

/// A file, opened and recognised once. Contents, graph and network are computed on first use and then kept.
package final class OpenedFile: Sendable {
  /// The contents of a file.
  package enum Contents: Sendable {
    case flat(any FlatWeightsSource)
    case checkpoint(UnitCheckpoint)
  }

  /// The path as the user gave it.
  package let path: String
  /// The folder, if the user named one.
  package let folder: String?
  /// The format of flat weights; nil for a unit checkpoint.
  package let flatKind: FlatFormatKind?

  /// The file that is open; nil for a folder.
  let file: ReadableFile?
  private let choices: ReadingChoices
  private let usesHeaders: Bool
  /// Whether the file is the list of a set of checkpoints.
  private let isSet: Bool
  private let opened = Once<Contents>()
  private let decoded = Once<Model?>()
  /// The graph of a checkpoint, which is decoded when the checkpoint is checked.
  private let checked = Once<StoredModel?>()
  private let joined = Once<NetworkModel?>()

  /// Recognises the file, or the weights of the folder, at `path`; or the checkpoint of TensorFlow with this prefix.
  ///
  /// - Parameters:
  ///   - choices: the dtype and the names, where the file leaves them open.
  ///   - usesHeaders: whether a checkpoint's flat files may be written again.
  package convenience init(
    _ path: String, _ choices: ReadingChoices = ReadingChoices(), usesHeaders: Bool = true
  ) throws {
    if let source = try FlatFormats.open(folder: path, choices) {
      self.init(source, of: path)
    } else {
      let path = FlatFormats.index(ofPrefix: path) ?? path
      try self.init(try ReadableFile(path: path), choices, usesHeaders: usesHeaders)
    }
  }

  /// The contents of an open file or set of shards.
  package convenience init(_ source: any FlatWeightsSource) { self.init(source, of: nil) }

  private init(_ source: any FlatWeightsSource, of folder: String?) {
    path = source.path
    self.folder = folder
    file = nil
    (choices, usesHeaders, isSet) = (ReadingChoices(), true, false)
    flatKind = source.kind
    _ = opened.value { .flat(source) }
  }

  /// The tensors below `root`, without that part of their names; throws if there are none, or for a checkpoint.
  package func below(_ root: String) throws -> OpenedFile {
    guard case .flat(let flat) = try contents else {
      throw TesseraError(sentence: "\(path): --root: expected flat weights, found a unit checkpoint")
    }
    return OpenedFile(try RootedSource.below(root, of: flat), of: folder)
  }

  /// Recognises an open file.
  package init(
    _ file: ReadableFile, _ choices: ReadingChoices = ReadingChoices(), usesHeaders: Bool = true
  ) throws {
    path = file.path
    folder = nil
    self.file = file
    self.choices = choices
    self.usesHeaders = usesHeaders
    let kind = FlatFormats.recognise(file)
    let isHDF5 = try kind == nil && HDF5File.hasSignature(file)
    isSet = kind == nil && !isHDF5 && CheckpointSet.isList(file)
    if let kind {
      flatKind = kind
    } else if isHDF5 || isSet {
      // A file whose root cannot be read is taken for a checkpoint, whose reader names the defect.
      flatKind = nil
    } else {
      let found = FlatFormats.archiveInWords(file) ?? Self.guess(file)
      throw TesseraError(sentence: "\(path): expected \(Self.known), found \(found)")
    }
  }

  /// The contents. For a unit checkpoint, every rule of `validate` that reads no tensor data has been checked.
  package var contents: Contents {
    get throws {
      try opened.value {
        guard let file else { throw TesseraError(sentence: "\(path): expected a file, found a folder") }
        if let kind = flatKind {
          // If graph and contents are both needed, the second one uses the model that was decoded for the first.
          if case .some(.some(let model)) = decoded.known { return .flat(try FlatFormats.weights(of: model)) }
          return .flat(try FlatFormats.open(file, as: kind, choices))
        }
        let checkpoint = try isSet ? CheckpointSet.open(file) : UnitCheckpoint(file)
        if let part = checkpoint.part {
          throw TesseraError(
            sentence:
              "\(path): expected a whole checkpoint, found part \(part.number) of \(part.count) of a set; "
              + "'tessera convert --join' lists the parts, and that list is read as one checkpoint")
        }
        let soundness = CheckpointSoundness(of: checkpoint, usesHeaders: usesHeaders)
        if let error = soundness.error {
          throw TesseraError(sentence: "\(path): \(error.location): \(error.message)")
        }
        _ = checked.value { soundness.storedModel }
        return .checkpoint(checkpoint)
      }
    }
  }

  /// The unit checkpoint; nil for flat weights.
  package var checkpoint: UnitCheckpoint? {
    get throws { if case .checkpoint(let checkpoint) = try contents { checkpoint } else { nil } }
  }

  /// The tensors. Those of a checkpoint are assembled from blocks while they are read.
  package var source: any TensorSource {
    get throws {
      switch try contents {
      case .flat(let flat): flat
      case .checkpoint(let checkpoint): checkpoint
      }
    }
  }

  /// The graph of an ONNX model or of a checkpoint; nil if there is none.
  ///
  /// It is available even if the model's weights are damaged; `contents` reports that.
  package var graph: Model? {
    get throws {
      try decoded.value {
        if flatKind == nil {
          // The check of a checkpoint ignores a record that cannot be read, unless the files are written again.
          _ = try checkpoint?.sourceRecord()
          return try checked.known??.model
        }
        guard flatKind == .onnx else { return nil }
        if case .flat(let source)? = opened.known { return source.graph }
        guard let file else { return nil }
        return try Model(file)
      }
    }
  }

  /// The graph with its weights, from which sub-networks are made; nil if there is no graph.
  package var network: NetworkModel? {
    get throws {
      try joined.value {
        let source = try source
        return try graph.map { NetworkModel($0, weights: source) }
      }
    }
  }

  /// Whether two files have the same bytes.
  package func hasSameBytes(as other: OpenedFile) throws -> Bool {
    guard let file, let second = other.file, file.size == second.size else { return false }
    for start in stride(from: 0, to: file.size, by: 1 << 20) {
      let count = min(1 << 20, file.size - start)
      guard try file.bytes(at: start, count: count) == second.bytes(at: start, count: count) else {
        return false
      }
    }
    return true
  }

  private static let known = "a unit checkpoint or a \(FlatFormats.names) file"

  /// A description of a file of unknown format, from its first bytes.
  private static func guess(_ file: ReadableFile) -> String {
    if file.size == 0 { return "an empty file" }
    if let document = tesseraDocument(file) ?? FlatFormats.partInWords(file) { return document }
    guard let head = try? file.bytes(at: 0, count: min(32, file.size)) else { return "an unreadable file" }
    let starts: [([UInt8], String)] = [
      ([0x80, 0x02], "a Python pickle"),
      ([0x7B], "JSON text"), ([0x1F, 0x8B], "a gzip archive"),
      (
        Array("version https://git-lfs".utf8),
        "a Git LFS pointer: `git lfs pull` fetches the file itself"
      ),
      (Array("<!DOCTYPE".utf8), "an HTML page: a download that failed, most likely"),
      (Array("<html".utf8), "an HTML page: a download that failed, most likely"),
      ([0x25, 0x50, 0x44, 0x46], "a PDF"), ([0x89, 0x50, 0x4E, 0x47], "a PNG picture"),
    ]
    for (start, words) in starts where head.starts(with: start) { return words }
    return
      "\(file.size.grouped) bytes that begin with \(head.prefix(4).map { hex($0) }.joined(separator: " "))"
  }

  /// The name and the use of a Tessera document, by its `format` member; nil for other files.
  private static func tesseraDocument(_ file: ReadableFile) -> String? {
    guard let text = DocumentFile.head(file) else { return nil }
    let kinds = [
      ("tessera.plan/", "a plan: 'tessera plan WEIGHTS --plan FILE' checks it"),
      ("tessera.study/", "a study: 'tessera compare FILE' reads it"),
      ("tessera.claims/", "claims: 'tessera count CHECKPOINT --claims FILE' checks them"),
      ("tessera.family/", "a family: 'tessera plan WEIGHTS --family FILE' reads it"),
    ]
    return kinds.first { text.contains("\"\($0.0)") }?.1
  }

  private static func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}
