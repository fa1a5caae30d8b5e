internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// The names by which a distributed checkpoint is recognised.
enum DistributedFolder {
  static let suffix = DistributedSource.format.suffix
  /// The name of the metadata of all ranks.
  static let metadataName = ".metadata"

  /// Whether a file has the name of the metadata of all ranks, or of one that was written without the others
  /// (`__3.metadata`).
  static func isMetadata(_ name: String) -> Bool {
    name == metadataName || name.wholeMatch(of: #/__[0-9]{1,9}\.metadata/#) != nil
  }

  static func matches(_ head: FileHead) -> Bool {
    if isMetadata(SystemPath.bareName(of: head.path)) {
      return head.bytes.count > 1 && head.bytes[0] == 0x80 && (2...5).contains(head.bytes[1])
    }
    return head.hasSuffix(suffix)
  }

  static func open(_ file: ReadableFile) throws(FlatFormatError) -> DistributedSource {
    let (source, errors) = try examine(file, isComplete: false)
    if let first = errors.first { throw first }
    guard let source else { throw part(file.path) }
    return source
  }

  static func examine(
    _ file: ReadableFile, isComplete: Bool
  ) throws(FlatFormatError) -> (source: DistributedSource?, errors: [FlatFormatError]) {
    guard isMetadata(SystemPath.bareName(of: file.path)) else { throw part(file.path) }
    let folder = ShardFolder(ofFile: file.path)
    return try DistributedSource.open(metadata: file, isComplete: isComplete) {
      (named) throws(FlatFormatError) in
      try leftOut(of: folder, beside: named).filter { $0.name.hasSuffix(suffix) }
    }
  }

  /// Opens the metadata in a folder that the user named; other weights in it are reported as left out.
  static func examine(
    _ name: String, in folder: ShardFolder, isComplete: Bool
  ) throws(FlatFormatError) -> (source: DistributedSource?, errors: [FlatFormatError]) {
    let file = try asFlatFormat { () throws(FileError) in try ReadableFile(path: folder.file(name)) }
    return try DistributedSource.open(metadata: file, isComplete: isComplete) {
      (named) throws(FlatFormatError) in
      try leftOut(of: folder, beside: named)
    }
  }

  /// Other weights in the folder, and files of pieces that the metadata does not name.
  private static func leftOut(
    of folder: ShardFolder, beside named: Set<TensorName>
  ) throws(FlatFormatError) -> [LeftOut] {
    try folder.leftOut(beside: named.map(\.text)).map { item in
      item.name.hasSuffix(suffix)
        ? LeftOut(item.name, "a file that the metadata does not name", .apart) : item
    }
  }

  /// Follows the pickles of the metadata, of every piece and of every value. PyTorch loads values without restrictions.
  static func scan(_ file: ReadableFile) throws(FlatFormatError) -> PickleScan {
    guard isMetadata(SystemPath.bareName(of: file.path)) else { return try PickleScan(file) }
    var scan = try PickleScan(file, known: DistributedGlobals.effect)
    let opened: DistributedSource?
    do throws(FlatFormatError) { opened = try open(file) } catch {
      if error.defect == nil { throw error }
      // The defect is a finding; without the metadata, the parts of the files are unknown.
      opened = nil
    }
    guard let opened else { return scan }
    for (number, range) in opened.parts { try scan.scan(part: range, of: try opened.file(number)) }
    return scan
  }

  /// The names of the files that the metadata names; nil if it cannot be read.
  static func fileNames(_ file: ReadableFile) -> Set<TensorName>? {
    guard let metadata = try? DistributedMetadata(file) else { return nil }
    return Set(metadata.stored.values.map { TensorName($0.file) })
  }

  private static func part(_ path: String) -> FlatFormatError {
    .refused(
      .dcpPart, path: path, place: "file", expected: "the folder of the whole checkpoint, or its .metadata",
      found: "a file with pieces of a distributed checkpoint (DCP)")
  }
}
