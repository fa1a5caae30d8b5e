package import ByteFiles
package import FlatFormats
package import Tensors

/// A file, or a set of shards, in the form that a project's rules need.
package struct ProjectSubject {
  /// What was found in the file.
  package enum Contents {
    case flat(any FlatWeightsSource)
    /// A unit checkpoint, in an open file.
    case checkpoint(ReadableFile)
    /// Nothing, because of defects that are findings, or because the file holds no tensors.
    case none(why: String)
    /// Nothing, because the file is in a folder and holds no weights that this program reads. The verdict says so.
    case left
  }

  /// The path as the user gave it: of the file, of the index of a set, or of the folder of a set without an index.
  package let path: String
  /// The format as `inspect` and `validate` print it; nil if it is unknown.
  package let kind: String?
  /// The format, or a description of the first bytes.
  package let found: String
  /// The file that is open; nil for a set without an index.
  package let file: ReadableFile?
  /// The paths of all files: the file itself, or the index and the shards.
  package let files: [String]
  package let contents: Contents
  /// The names, dtypes and shapes; nil if the file could not be opened as weights.
  package let tensors: [TensorSpec]?
  /// Whether the tensors' data are read too.
  package let isDeep: Bool
  /// Whether the command line sets the severity of NaN and infinities, which has precedence.
  package let hasOtherNonFiniteSeverity: Bool
  /// The tensors with NaN or infinities, and how many; it reads all data, once for all rules.
  package let nonFinite: () -> [(spec: TensorSpec, words: String)]
  /// The globals to which pickles refer, and whether they can run code.
  package let globals: [(name: String, canRunCode: Bool)]

  /// The digests that rules have asked for.
  private let digests = FileDigests()

  package init(
    path: String, kind: String?, found: String, file: ReadableFile?, files: [String], contents: Contents,
    tensors: [TensorSpec]?, isDeep: Bool, hasOtherNonFiniteSeverity: Bool,
    nonFinite: @escaping () -> [(spec: TensorSpec, words: String)],
    globals: [(name: String, canRunCode: Bool)]
  ) {
    self.path = path
    self.kind = kind
    self.found = found
    self.file = file
    self.files = files
    self.contents = contents
    self.tensors = tensors
    self.isDeep = isDeep
    self.hasOtherNonFiniteSeverity = hasOtherNonFiniteSeverity
    self.nonFinite = nonFinite
    self.globals = globals
  }

  /// The size and the digest of one of the files, which is read once for all rules; nil for a folder.
  package func digest(of path: String) throws -> (byteCount: Int, sha256: SHA256Digest)? {
    if let known = digests.known[TensorName(path)] { return known }
    var open = file.flatMap { SystemPath.same($0.path, path) ? $0 : nil }
    if open == nil, case .flat(let source) = contents { open = try FlatFormats.file(at: path, of: source) }
    guard let open else { return nil }
    let digest = (open.size, try open.sha256())
    digests.known[TensorName(path)] = digest
    return digest
  }

  /// The paths by which rules may refer to the file or set.
  package var paths: [String] { Self.paths(path, files, kind: kind) }

  /// The paths of a file or set: also the folder of an index and every shard, because all of them mean the set.
  static func paths(_ path: String, _ files: [String], kind: String?) -> [String] {
    guard kind.flatMap(FlatFormatKind.init)?.isOfSeveralFiles == true else {
      return [path] + files.filter { $0 != path }
    }
    let folder = SystemPath.folder(of: path)
    return [path] + (FlatFormats.isFolder(path) ? [] : [folder]) + files.filter { $0 != path }
  }
}

/// The sizes and digests of files. Not `Sendable`: one thread applies the rules to a file.
private final class FileDigests {
  var known: [TensorName: (byteCount: Int, sha256: SHA256Digest)] = [:]
}
