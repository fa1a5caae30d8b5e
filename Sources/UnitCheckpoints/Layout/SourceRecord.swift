package import ByteFiles
internal import HDF5Kit
internal import StrictJSON
package import TensorStreams
internal import Tensors

/// The data that a checkpoint keeps about the flat files from which it was made; paths and times are not kept.
///
/// It is stored as JSON, in the form `tessera.source/1`; only this file writes and reads it.
package struct SourceRecord: Sendable {
  /// The format, as `inspect` names it.
  package let kind: String
  package let shards: [Shard]
  /// The index of a set of shards; nil if there was none.
  package let index: Index?
  /// The free text of the files, in their order.
  package let metadata: [(key: String, value: String)]
  /// The other files of the folder that had the weights: configuration, tokenizer, licence.
  package let files: [File]
  /// The inputs that were added to the first one, in the order of their tensors.
  package let added: [Added]
  /// The state of the optimizer that trained the first input; nil if none was kept.
  package let optimizer: Optimizer?

  /// One flat file.
  package struct Shard: Sendable {
    /// The number of its tensors; they follow each other in the index.
    package let tensorCount: Int
    /// The number of its stored header; nil if no header was kept.
    package let header: Int?
    /// The file's name in the record; nil for a single file, whose name is not kept.
    package let name: String?
    /// The positions of tensors' elements in the file of the header; nil if the file does not belong to a graph.
    package let holes: [TensorHole]?

    package init(tensorCount: Int, header: Int?, name: String?, holes: [TensorHole]? = nil) {
      self.tensorCount = tensorCount
      self.header = header
      self.name = name
      self.holes = holes
    }
  }

  /// A file beside the weights.
  package struct File: Sendable {
    /// The file's name in the folder; a path with `/` for a file in a folder below it.
    package let name: String
    /// The number of the stored header that has its bytes.
    package let header: Int
    /// SHA-256 of its bytes, in hexadecimal.
    package let digest: String

    package init(name: String, header: Int, digest: String) {
      self.name = name
      self.header = header
      self.digest = digest
    }
  }

  /// The index of a set of shards.
  package struct Index: Sendable {
    /// The file's name in the record.
    package let name: String
    /// SHA-256 of its bytes, in hexadecimal.
    package let digest: String
    /// The number of the stored header that has its bytes; nil if they are in the dataset for the first input's index.
    package let header: Int?

    package init(name: String, digest: String, header: Int? = nil) {
      self.name = name
      self.digest = digest
      self.header = header
    }
  }

  /// - Parameter metadata: the free text; if a key is repeated, its first value is kept.
  package init(
    kind: String, shards: [Shard], index: Index?, metadata: [(key: String, value: String)],
    files: [File] = [],
    added: [Added] = [], optimizer: Optimizer? = nil
  ) {
    self.files = files
    self.added = added
    self.optimizer = optimizer
    self.kind = kind
    self.shards = shards
    self.index = index
    var keys = Set<TensorName>()
    self.metadata = metadata.filter { keys.insert(TensorName($0.key)).inserted }
  }

  fileprivate static let format = "tessera.source/1"

  /// The JSON document.
  package var text: String {
    var members = [("format", JSONValue.string(Self.format))] + self.members
    if let optimizer { members.append(("optimizer", optimizer.json)) }
    if !added.isEmpty { members.append(("added", .array(added.map(\.json)))) }
    // Only a number that is not finite cannot be written; this document has no such number.
    return (try? JSONWriter.text(Self.object(members), layout: .pretty)) ?? "{}\n"
  }

  /// The members that each input has.
  var members: [(String, JSONValue)] {
    var members: [(String, JSONValue)] = [
      ("kind", .string(kind)), ("shards", .array(shards.map(\.json))),
    ]
    if !metadata.isEmpty {
      members.append(("metadata", Self.object(metadata.map { ($0, .string($1)) })))
    }
    if let index { members.append(("index", index.json)) }
    if !files.isEmpty { members.append(("files", .array(files.map(\.json)))) }
    return members
  }

  static func object(_ members: [(String, JSONValue)]) -> JSONValue {
    .object(JSONObject(members.map { JSONMember(key: $0, value: $1) }) ?? JSONObject())
  }
}

extension SourceRecord.Index {
  fileprivate var json: JSONValue {
    SourceRecord.object(
      [("name", .string(name)), ("sha256", .string(digest))]
        + (header.map { [("header", JSONValue($0))] } ?? []))
  }
}

extension SourceRecord.File {
  fileprivate var json: JSONValue {
    SourceRecord.object([
      ("name", .string(name)), ("header", JSONValue(header)), ("sha256", .string(digest)),
    ])
  }
}

extension SourceRecord.Shard {
  fileprivate var json: JSONValue {
    var members: [(String, JSONValue)] = [
      ("tensors", JSONValue(tensorCount)), ("header", header.map { JSONValue($0) } ?? .null),
    ]
    if let name { members.append(("name", .string(name))) }
    if let holes {
      let rows = holes.map {
        JSONValue.array([JSONValue($0.position), JSONValue($0.count), JSONValue($0.tensor)])
      }
      members.append(("holes", .array(rows)))
    }
    return SourceRecord.object(members)
  }
}

extension UnitCheckpoint {
  /// The record of the flat files. Throws if it cannot be read, or does not fit the stored headers and the index's
  /// tensors.
  package func sourceRecord() throws(CheckpointError) -> SourceRecord {
    try ownSource.value { () throws(CheckpointError) in try readSourceRecord() }
  }

  private func readSourceRecord() throws(CheckpointError) -> SourceRecord {
    let place = "/\(Layout.Table.source.path)"
    func broken(_ defect: CheckpointDefect, _ expected: String, _ found: String) -> CheckpointError {
      .broken(defect, path: path, place: place, expected: expected, found: found)
    }
    let record: JSONValue
    do throws(JSONError) { record = try JSONParser().parse(sourceText) } catch {
      throw broken(.source, "JSON", "\(error)")
    }
    guard case .object(let object) = record, case .string(SourceRecord.format)? = object["format"] else {
      throw broken(.source, "a tessera.source/1 document", "one without format, kind or shards")
    }
    var tensorCount = 0
    let weights = try storedInput(object, from: &tensorCount, broken)
    let own = weights.with(try storedOptimizer(object["optimizer"], from: &tensorCount, broken))
    let added = try storedAdditions(object["added"], from: &tensorCount, broken)
    guard tensorCount == index.tensors.count else {
      throw broken(.source, "shards of \(index.tensors.count) tensors together", "\(tensorCount)")
    }
    let found = own.adding(added)
    // Two folders often have the same tokenizer, and then share a header.
    let records = found.inputs.map(\.record)
    let numbers =
      records.flatMap { $0.shards.compactMap(\.header) + [$0.index?.header].compactMap(\.self) }
      + Set(records.flatMap { $0.files.map(\.header) }).sorted() + [own.optimizer?.header].compactMap(\.self)
    let headerCount = try headerCount()
    guard numbers.sorted() == Array(0..<headerCount) else {
      throw broken(
        .sourceHeaders, "one shard or file for each of \(headerCount) headers",
        "shards and files with the headers \(numbers)")
    }
    return found
  }

  /// The record of one input, whose tensors begin at number `tensorCount`.
  func storedInput(
    _ object: JSONObject, from tensorCount: inout Int,
    _ broken: (CheckpointDefect, String, String) -> CheckpointError
  ) throws(CheckpointError) -> SourceRecord {
    guard case .string(let kind)? = object["kind"], case .array(let items)? = object["shards"] else {
      throw broken(.source, "a tessera.source/1 document", "one without format, kind or shards")
    }
    let first = tensorCount
    var shards: [SourceRecord.Shard] = []
    for item in items {
      guard case .object(let shard) = item, case .integer(let count)? = shard["tensors"],
        let count = Int(exactly: count), count >= 0, count <= index.tensors.count - tensorCount
      else {
        throw broken(
          .source, "shards with at most \(index.tensors.count) tensors together",
          "more, or a shard without their number")
      }
      tensorCount += count
      var header: Int?
      if case .integer(let number)? = shard["header"] { header = Int(exactly: number) }
      var name: String?
      if case .string(let text)? = shard["name"] { name = text }
      shards.append(
        SourceRecord.Shard(
          tensorCount: count, header: header, name: name, holes: try storedHoles(shard["holes"], broken)))
    }
    let tensors = first..<tensorCount
    guard shards.allSatisfy({ ($0.holes ?? []).allSatisfy { tensors.contains($0.tensor) } }) else {
      throw broken(.source, "holes for tensors of the same input", "a hole for another tensor")
    }
    return SourceRecord(
      kind: kind, shards: shards, index: try storedIndex(object["index"], broken),
      metadata: try storedMetadata(object["metadata"], broken),
      files: try storedFiles(object["files"], broken))
  }

  private func storedFiles(
    _ value: JSONValue?, _ broken: (CheckpointDefect, String, String) -> CheckpointError
  ) throws(CheckpointError) -> [SourceRecord.File] {
    guard let value else { return [] }
    guard case .array(let items) = value else { throw broken(.source, "files as an array", value.kindName) }
    return try items.map { (item) throws(CheckpointError) in
      guard case .object(let file) = item, case .string(let name)? = file["name"],
        case .integer(let number)? = file["header"], let header = Int(exactly: number),
        case .string(let digest)? = file["sha256"]
      else { throw broken(.source, "a file as its name, header and sha256", item.kindName) }
      return SourceRecord.File(name: name, header: header, digest: digest)
    }
  }

  /// The other files of the folder from which the checkpoint was made. Throws if the bytes of one do not have their
  /// digest. The names are not trusted: a writer refuses paths out of its folder.
  package func companions() throws(CheckpointError) -> [CompanionFile] {
    try companions(of: try sourceRecord())
  }

  /// The other files of the folder of one input.
  package func companions(of record: SourceRecord) throws(CheckpointError) -> [CompanionFile] {
    let files = record.files
    if files.isEmpty { return [] }
    let headers = try self.headers()
    return try files.map { (file) throws(CheckpointError) in
      let found = SHA256Digest.of(headers[file.header]).description
      guard found == file.digest else {
        throw .broken(
          .source, path: path, place: "/\(Layout.Table.source.path)",
          expected: "file \(TensorName(file.name).quoted) with the SHA-256 \(TensorName(file.digest).quoted)",
          found: found)
      }
      return CompanionFile(name: file.name, bytes: headers[file.header])
    }
  }

  /// The holes of a file; throws if one has another length than the tensor that fills it.
  private func storedHoles(
    _ value: JSONValue?, _ broken: (CheckpointDefect, String, String) -> CheckpointError
  ) throws(CheckpointError) -> [TensorHole]? {
    guard let value else { return nil }
    guard case .array(let items) = value else { throw broken(.source, "holes as an array", value.kindName) }
    var holes: [TensorHole] = []
    for item in items {
      guard case .array(let numbers) = item, numbers.count == 3, case .integer(let position) = numbers[0],
        case .integer(let count) = numbers[1], case .integer(let tensor) = numbers[2],
        let position = Int(exactly: position), let count = Int(exactly: count),
        let tensor = Int(exactly: tensor),
        position >= 0, index.tensors.indices.contains(tensor), index.tensors[tensor].spec.byteCount == count
      else {
        throw broken(
          .source, "a hole as its position, the bytes of a tensor and the tensor's number",
          "a hole that fits no tensor")
      }
      holes.append(TensorHole(position: position, count: count, tensor: tensor))
    }
    return holes
  }

  private func storedMetadata(
    _ value: JSONValue?, _ broken: (CheckpointDefect, String, String) -> CheckpointError
  ) throws(CheckpointError) -> [(key: String, value: String)] {
    guard let value else { return [] }
    guard case .object(let texts) = value else { throw broken(.source, "metadata as texts", value.kindName) }
    return try texts.members.map { (member) throws(CheckpointError) in
      guard case .string(let text) = member.value else {
        throw broken(.source, "metadata as texts", member.value.kindName)
      }
      return (member.key, text)
    }
  }

  private func storedIndex(
    _ value: JSONValue?, _ broken: (CheckpointDefect, String, String) -> CheckpointError
  ) throws(CheckpointError) -> SourceRecord.Index? {
    guard let value else { return nil }
    guard case .object(let index) = value, case .string(let name)? = index["name"],
      case .string(let digest)? = index["sha256"]
    else { throw broken(.source, "an index with its name and sha256", value.kindName) }
    var header: Int?
    if case .integer(let number)? = index["header"] { header = Int(exactly: number) }
    return SourceRecord.Index(name: name, digest: digest, header: header)
  }

  /// The bytes of the shards' index. Throws if their digest is not that of the record: only the same bytes restore the
  /// set.
  package func shardIndexBytes(_ index: SourceRecord.Index) throws(CheckpointError) -> [UInt8] {
    let place = index.header.map { "\(Layout.headersGroup)/\($0)" } ?? Layout.shardIndexPath
    let bytes =
      if let header = index.header {
        try headers()[header]
      } else {
        try CheckpointOpener.read(
          hdf5, Layout.shardIndexPath, path: path, type: .u8, limit: LayoutLimits.headerBytes)
      }
    let digest = SHA256Digest.of(bytes).description
    guard digest == index.digest else {
      throw .broken(
        .shardIndex, path: path, place: "/\(place)",
        expected:
          "bytes with the SHA-256 \(TensorName(index.digest).quoted) of /\(Layout.Table.source.path)",
        found: digest)
    }
    return bytes
  }
}
