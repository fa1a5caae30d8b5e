package import ByteFiles
internal import StrictJSON
internal import Tensors

/// A set of files that is read as one checkpoint, and the list of these files.
package enum CheckpointSet {
  private static let format = "tessera.set/1"
  /// The most bytes of a list.
  private static let sizeLimit = 4 << 20

  /// Whether a file is the list of a set: a JSON object with the name of its format near the start.
  package static func isList(_ file: ReadableFile) -> Bool {
    guard file.size <= sizeLimit, let head = try? file.bytes(at: 0, count: min(file.size, 256)),
      head.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) == UInt8(ascii: "{")
    else { return false }
    let format = Array("\"\(Self.format)\"".utf8)
    return head.indices.contains { head[$0...].starts(with: format) }
  }

  /// A file of a set, as the list describes it.
  package struct Entry: Sendable {
    /// The bare name of the file, in the folder of the list.
    package let name: String
    /// The model digest of the file, which covers the names, dtypes, shapes and digests of its tensors.
    package let digest: String
  }

  /// The document with the bare names and the digests of the files of a set.
  package static func list(of set: UnitCheckpoint) -> String {
    let parts = set.parts.map { part in
      SourceRecord.object([
        ("file", .string(SystemPath.bareName(of: part.path))),
        ("sha256", .string(part.modelDigest.description)),
      ])
    }
    let object = SourceRecord.object([
      ("format", .string(format)), ("tensors", JSONValue(set.tensors.count)),
      ("sha256", .string(set.modelDigest.description)), ("parts", .array(parts)),
    ])
    // Only a number that is not finite cannot be written; this document has no such number.
    return (try? JSONWriter.text(object, layout: .pretty)) ?? "{}\n"
  }

  /// The files that a list names, and the digest of the whole model.
  package static func entries(_ file: ReadableFile) throws(CheckpointError) -> (
    parts: [Entry], digest: String
  ) {
    let bytes: [UInt8]
    do throws(FileError) { bytes = try file.bytes(at: 0, count: min(file.size, sizeLimit)) } catch {
      throw .file(error)
    }
    let value: JSONValue
    do throws(JSONError) { value = try JSONParser().parse(bytes) } catch {
      throw broken(file.path, "the document", "JSON", "\(error)")
    }
    guard case .object(let object) = value, case .string(format)? = object["format"],
      case .string(let digest)? = object["sha256"], case .array(let items)? = object["parts"],
      (1...CheckpointPart.limit).contains(items.count)
    else {
      throw broken(
        file.path, "the document", "a \(format) document with sha256 and 1 to \(CheckpointPart.limit) parts",
        "another one")
    }
    var names = Set<TensorName>()
    let parts = try items.enumerated().map { (number, item) throws(CheckpointError) in
      guard case .object(let part) = item, case .string(let name)? = part["file"],
        case .string(let digest)? = part["sha256"], !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")),
        names.insert(TensorName(name)).inserted
      else {
        throw broken(
          file.path, "parts[\(number)]", "the bare name of one more file, and its sha256", "\(item.kindName)")
      }
      return Entry(name: name, digest: digest)
    }
    return (parts, digest)
  }

  /// Opens the files that a list names, as one checkpoint.
  package static func open(_ file: ReadableFile) throws(CheckpointError) -> UnitCheckpoint {
    let (entries, digest) = try entries(file)
    let folder = SystemPath.folder(of: file.path)
    let parts = try entries.map { (entry) throws(CheckpointError) in
      let opened: ReadableFile
      do throws(FileError) { opened = try ReadableFile(named: entry.name, within: folder) } catch {
        throw .file(error)
      }
      let part = try UnitCheckpoint(opened)
      guard part.modelDigest.description == entry.digest else {
        throw broken(
          file.path, "file \(TensorName(entry.name).quoted)", "the digest \(TensorName(entry.digest).quoted)",
          "\(part.modelDigest); join the parts again if it was converted again")
      }
      return part
    }
    let set = try combined(parts, path: file.path)
    guard set.modelDigest.description == digest else {
      throw broken(file.path, "the model", "the digest \(TensorName(digest).quoted)", "\(set.modelDigest)")
    }
    return set
  }

  /// The files of a set as one checkpoint. Throws unless they are all parts of one division of the same checkpoint.
  ///
  /// - Parameter path: the path of the list.
  package static func combined(_ parts: [UnitCheckpoint], path: String) throws(CheckpointError)
    -> UnitCheckpoint
  {
    var index = CheckpointIndex()
    var common: CheckpointIndex?
    var partOfTensor: [Int32] = []
    for (place, file) in parts.enumerated() {
      let name = "file \(TensorName(SystemPath.bareName(of: file.path)).quoted)"
      guard let part = file.part, part.number == place + 1, part.count == parts.count else {
        throw broken(
          path, name, "part \(place + 1) of \(parts.count)",
          file.part.map { "part \($0.number) of \($0.count)" } ?? "a whole checkpoint")
      }
      let own = file.index.withoutDigests
      if common == nil {
        index = file.index
        common = own
        partOfTensor = [Int32](repeating: -1, count: index.tensors.count)
      }
      guard common == own, parts[0].planText == file.planText, parts[0].sourceText == file.sourceText,
        parts[0].seal.headersXXH3 == file.seal.headersXXH3
      else {
        throw broken(
          path, name,
          "the plan, tensors and source of \(TensorName(SystemPath.bareName(of: parts[0].path)).quoted)",
          "others: the parts are of different conversions")
      }
      for number in part.tensors.joined() {
        guard partOfTensor[number] < 0 else {
          throw broken(
            path, name, "each tensor in one file", "\(index.tensors[number].spec.name.quoted) in two")
        }
        partOfTensor[number] = Int32(place)
        index.tensors[number].digest = file.index.tensors[number].digest
      }
    }
    if let missing = partOfTensor.firstIndex(of: -1) {
      throw broken(
        path, "tensor \(index.tensors[missing].spec.name.quoted)", "a file with its bytes", "none")
    }
    return UnitCheckpoint(path: path, parts: parts, index: index, partOfTensor: partOfTensor)
  }

  static func broken(_ path: String, _ place: String, _ expected: String, _ found: String) -> CheckpointError
  {
    .broken(.set, path: path, place: place, expected: expected, found: found)
  }
}

extension CheckpointIndex {
  /// The same index with one digest for every tensor.
  fileprivate var withoutDigests: CheckpointIndex {
    var copy = self
    let none = SHA256Hasher().finish()
    for number in copy.tensors.indices { copy.tensors[number].digest = none }
    return copy
  }
}
