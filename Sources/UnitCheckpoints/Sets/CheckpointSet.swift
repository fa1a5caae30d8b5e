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
          file.path, "parts[\(number)]", "the bare name of one more file, and its sha256", "another entry")
      }
      return Entry(name: name, digest: digest)
    }
    return (parts, digest)
  }

  /// Opens the files that a list names, as one checkpoint.
  package static func open(_ file: ReadableFile) throws(CheckpointError) -> UnitCheckpoint {
    let (entries, digest) = try entries(file)
    let folder = SystemPath.folder(of: file.path)
    var parts: [UnitCheckpoint] = []
    for entry in entries {
      let opened: ReadableFile
      do throws(FileError) { opened = try ReadableFile(named: entry.name, within: folder) } catch {
        throw .file(error)
      }
      let part = try UnitCheckpoint(opened, sharing: parts.first)
      guard part.modelDigest.description == entry.digest else {
        throw broken(
          file.path, "file \(TensorName(entry.name).quoted)", "the digest \(TensorName(entry.digest).quoted)",
          "\(part.modelDigest); join the parts again if it was converted again")
      }
      parts.append(part)
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
    guard let first = parts.first else { throw broken(path, "the document", "at least one part", "none") }
    var index = first.index
    var partOfTensor = [Int32](repeating: -1, count: index.tensors.count)
    for (place, file) in parts.enumerated() {
      let name = "file \(TensorName(SystemPath.bareName(of: file.path)).quoted)"
      guard let part = file.part, part.number == place + 1, part.count == parts.count else {
        throw broken(
          path, name, "part \(place + 1) of \(parts.count)",
          file.part.map { "part \($0.number) of \($0.count)" } ?? "a whole checkpoint")
      }
      if let other = file.difference(from: first) {
        throw broken(
          path, name, "\(other) of \(TensorName(SystemPath.bareName(of: first.path)).quoted)",
          "another: the parts are of different conversions")
      }
      guard part.source == first.part?.source else {
        throw broken(
          path, name, "the source files of \(TensorName(SystemPath.bareName(of: first.path)).quoted)",
          "others: SOURCE has changed, is another model, or was read with another --root; run every --part again, "
            + "which keeps the parts that fit")
      }
      for (number, digest) in zip(part.tensors.joined(), file.partDigests) {
        guard partOfTensor[number] < 0 else {
          throw broken(
            path, name, "each tensor in one file", "\(index.tensors[number].spec.name.quoted) in two")
        }
        partOfTensor[number] = Int32(place)
        index.tensors[number].digest = digest
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

extension UnitCheckpoint {
  /// The first thing that two files of a set do not have in common, in words; nil if they fit.
  fileprivate func difference(from first: UnitCheckpoint) -> String? {
    if planText != first.planText { return "the plan" }
    // Equal indexes are the same one (`UnitCheckpoint.init(_:sharing:)`).
    if index != first.index { return "the list of tensors" }
    if sourceText != first.sourceText { return "the record of the source's files" }
    return seal.headersXXH3 == first.seal.headersXXH3 ? nil : "the kept files of the source"
  }
}

extension CheckpointIndex {
  /// Whether two indexes are equal but for the digests of tensors.
  func hasSameTensors(as other: CheckpointIndex) -> Bool {
    guard tensors.count == other.tensors.count else { return false }
    var copy = self
    for number in tensors.indices { copy.tensors[number].digest = other.tensors[number].digest }
    return copy == other
  }
}
