internal import ByteFiles
internal import Conversion
internal import FlatFormats
internal import UnitCheckpoints

/// All files from which the tensors of a conversion are read, in an order that is the same on every machine.
struct SourceFiles: Sendable {
  private let files: [(path: String, open: @Sendable () throws -> ReadableFile)]
  private let root: String?

  /// - Parameters:
  ///   - opened: the first input.
  ///   - added: the other inputs.
  ///   - trained: the state of an optimizer, which may be in a file of its own.
  init(of opened: OpenedFile, _ added: [AddedInput], _ trained: Training?) throws {
    // A source lists its files in the order in which its index names them, or sorted.
    var files: [(path: String, open: @Sendable () throws -> ReadableFile)] = []
    for path in try opened.files { files.append((path, { try opened.open(path) })) }
    for input in added {
      for path in input.source.files {
        files.append(
          (path, { try FlatFormats.file(at: path, of: input.source) ?? ReadableFile(path: path) }))
      }
    }
    // The path of a state in the weights' own files is theirs, and that of some is a folder.
    if let path = trained?.path, !SystemPath.same(path, opened.path) {
      files.append((path, { try ReadableFile(path: path) }))
    }
    if case .flat(let flat) = try opened.contents {
      root = (flat as? RootedWeights)?.rootName
    } else {
      root = nil
    }
    self.files = files
  }

  /// The fingerprint of the files as they are now.
  func fingerprint() throws -> SourceFingerprint {
    try SourceFingerprint(root: root, count: files.count) { try files[$0].open() }
  }

  /// The stamps of the files as they are now.
  var stamps: FileStamps { FileStamps(files.map(\.path)) }
}
