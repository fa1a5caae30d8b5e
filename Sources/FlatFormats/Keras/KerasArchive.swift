internal import ByteFiles
internal import HDF5Kit
internal import Synchronization
internal import TensorStreams
internal import Tensors
internal import Zip

/// Reads a `.keras` archive: a zip of JSON documents and of an HDF5 file, which is read in its place.
enum KerasArchive {
  private static let weights = "model.weights.h5"
  private static let documents = ["metadata.json", "config.json"]
  /// The largest document, in bytes, that is read.
  private static let documentLimit = 64 << 20

  /// Whether the name or the first member of a zip archive is that of Keras.
  static func matches(_ head: FileHead) -> Bool {
    if head.hasSuffix(".keras") { return true }
    let fields = ByteFields(head.bytes)
    let name = fields.slice(ZipRecord.localSize, Int(fields.u16(26) ?? 0)) ?? []
    return name.elementsEqual("metadata.json".utf8) && head.contains("keras_version")
  }

  static func open(
    _ file: ReadableFile, _ names: ReadingChoices.Names
  ) throws(FlatFormatError) -> HDF5Source {
    let archive = try asFlatFormat { () throws(ZipError) in try ZipArchive(file) }
    func refusal(_ expected: String, _ found: String) -> FlatFormatError {
      .refused(.kerasArchive, path: file.path, place: "archive", expected: expected, found: found)
    }
    guard let entry = archive.entries.first(where: { $0.name == weights }) else {
      let names = archive.entries.prefix(5).map { TensorName($0.name).quoted }.joined(separator: ", ")
      throw refusal("a member \(TensorName(weights).quoted)", names.isEmpty ? "no members" : "only \(names)")
    }
    // The stream checks that the member may be read.
    _ = try asFlatFormat { () throws(ZipError) in try archive.stream(of: entry) }
    guard entry.method == .stored,
      let part = ReadableFile(entry.dataStart..<entry.dataStart + entry.size, of: file)
    else { throw refusal("\(TensorName(weights).quoted) stored without compression", "a compressed member") }
    let opened = try asFlatFormat { () throws(HDF5Error) in try HDF5File(part) }
    let survey = try HDF5Survey(opened, fileSize: part.size, assumed: nil, isKeras: true)
    var parts = HDF5Source.Parts(opened, survey, names)
    parts.member = KerasMember(archive, entry)
    for member in archive.entries where member.name != weights {
      guard documents.contains(member.name) else {
        if member.size > 0 {
          parts.leftOut.append(LeftOut(member.name, "a file that is no tensor", .keptInGraph))
        }
        continue
      }
      guard member.size <= documentLimit else {
        throw refusal(
          "a member \(TensorName(member.name).quoted) of at most \(documentLimit.grouped) bytes",
          member.size.grouped)
      }
      let bytes = try asFlatFormat { () throws(ZipError) in try archive.stream(of: member).bytes(member.size)
      }
      let text = String(decoding: bytes, as: UTF8.self)
      parts.metadata.append((member.name, text))
      if member.name == "config.json" {
        parts.remarks += KerasConfiguration.remarks(text, place: "member config.json")
      }
    }
    return HDF5Source(.keras, path: file.path, files: [file.path], single: (file, entry.dataStart), parts)
  }
}

extension KerasArchive {
  /// The weights in a stored archive as a file of their own; nil if the archive cannot be read.
  static func weights(of archive: HollowFile, _ contents: SinkContents) throws(FlatFormatError) -> HollowFile?
  {
    let sparse = try asFlatFormat { () throws(FileError) in try archive.sparse(as: contents.path) }
    guard let entry = (try? ZipArchive(sparse))?.entries.first(where: { $0.name == weights }),
      let part = ReadableFile(entry.dataStart..<entry.dataStart + entry.size, of: sparse)
    else { return nil }
    let holes = archive.holes.map {
      TensorHole(position: $0.position - entry.dataStart, count: $0.count, tensor: $0.tensor)
    }
    guard holes.allSatisfy({ $0.position >= 0 && $0.count <= part.size - $0.position }) else { return nil }
    return try asFlatFormat { () throws(FileError) in try HollowFile(part, holes: holes) }
  }
}

/// A member of an archive whose bytes are read in place; its CRC-32 is checked once.
final class KerasMember: Sendable {
  private let archive: ZipArchive
  private let entry: ZipEntry
  private let outcome = Mutex<Result<Void, FlatFormatError>?>(nil)

  init(_ archive: ZipArchive, _ entry: ZipEntry) {
    self.archive = archive
    self.entry = entry
  }

  /// Reads the whole member, unless this has been done; the result is kept, because every tensor asks for it.
  func check() throws(FlatFormatError) {
    if let known = outcome.withLock({ $0 }) { return try known.get() }
    let found = Result { () throws(FlatFormatError) in
      try asFlatFormat { () throws(ZipError) in try archive.stream(of: entry).skip(entry.size) }
    }
    outcome.withLock { $0 = found }
    try found.get()
  }
}
