internal import HDF5Kit
internal import StrictJSON
internal import Tensors

/// What a checkpoint remembers of the flat files it was made from.
package struct StoredSource: Sendable {
  /// The format, as `inspect` calls it.
  package let kind: String
  package let shards: [Shard]
  /// The index of a set of shards; nil where there was none.
  package let index: Index?

  /// The free text of the files, in their order.
  package let metadata: [(key: String, value: String)]

  /// One flat file.
  package struct Shard: Sendable {
    /// How many tensors it had; they follow each other in the index.
    package let tensorCount: Int
    /// Which of the stored headers is its own; nil where none was kept.
    package let header: Int?
    /// The file's name, as the record has it; nil for the only file, whose name is nobody's affair.
    package let name: String?
    /// Where the header's file had the elements of tensors: position, bytes, tensor; nil where it is no file of a graph.
    package let holes: [Hole]?
  }

  /// Where a file had the elements of a tensor.
  package struct Hole: Sendable {
    package let position: Int
    package let count: Int
    package let tensor: Int
  }

  /// The index of a set of shards.
  package struct Index: Sendable {
    /// The file's name, as the record has it.
    package let name: String
    /// SHA-256 of its bytes, in hexadecimal.
    package let digest: String
  }
}

extension UnitCheckpoint {
  /// The record of the flat files, once it can be read and names the stored headers and the tensors of the index.
  package func storedSource() throws(CheckpointError) -> StoredSource {
    let place = "/\(Layout.Table.source.path)"
    func broken(_ defect: CheckpointDefect, _ expected: String, _ found: String) -> CheckpointError {
      .broken(defect, path: path, place: place, expected: expected, found: found)
    }
    let record: JSONValue
    do throws(JSONError) { record = try JSONParser().parse(source) } catch {
      throw broken(.source, "JSON", "\(error)")
    }
    guard case .object(let object) = record, case .string("tessera.source/1")? = object["format"],
      case .string(let kind)? = object["kind"], case .array(let items)? = object["shards"]
    else { throw broken(.source, "a tessera.source/1 document", "another") }
    var shards: [StoredSource.Shard] = []
    var tensorCount = 0
    for item in items {
      guard case .object(let shard) = item, case .integer(let count)? = shard["tensors"],
        let count = Int(exactly: count), count >= 0, count <= index.tensors.count - tensorCount
      else {
        throw broken(.source, "shards with at most \(index.tensors.count) tensors together", "other shards")
      }
      tensorCount += count
      var header: Int?
      if case .integer(let number)? = shard["header"] { header = Int(exactly: number) }
      var name: String?
      if case .string(let text)? = shard["name"] { name = text }
      shards.append(
        StoredSource.Shard(
          tensorCount: count, header: header, name: name, holes: try storedHoles(shard["holes"], broken)))
    }
    guard tensorCount == index.tensors.count else {
      throw broken(.source, "shards of \(index.tensors.count) tensors together", "\(tensorCount)")
    }
    let numbers = shards.compactMap(\.header)
    let headerCount = try headerCount()
    guard numbers.sorted() == Array(0..<headerCount) else {
      throw broken(.sourceHeaders, "\(headerCount) shards with a header of their own", "\(numbers)")
    }
    return StoredSource(
      kind: kind, shards: shards, index: try storedIndex(object["index"], broken),
      metadata: try storedMetadata(object["metadata"], broken))
  }

  /// Each hole is as long as the tensor that fills it.
  private func storedHoles(
    _ value: JSONValue?, _ broken: (CheckpointDefect, String, String) -> CheckpointError
  ) throws(CheckpointError) -> [StoredSource.Hole]? {
    guard let value else { return nil }
    guard case .array(let items) = value else { throw broken(.source, "holes as an array", value.kindName) }
    var holes: [StoredSource.Hole] = []
    for item in items {
      guard case .array(let numbers) = item, numbers.count == 3, case .integer(let position) = numbers[0],
        case .integer(let count) = numbers[1], case .integer(let tensor) = numbers[2],
        let position = Int(exactly: position), let count = Int(exactly: count),
        let tensor = Int(exactly: tensor),
        position >= 0, index.tensors.indices.contains(tensor), index.tensors[tensor].spec.byteCount == count
      else {
        throw broken(.source, "a hole as its position, the bytes of a tensor and its number", "another")
      }
      holes.append(StoredSource.Hole(position: position, count: count, tensor: tensor))
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
  ) throws(CheckpointError) -> StoredSource.Index? {
    guard let value else { return nil }
    guard case .object(let index) = value, case .string(let name)? = index["name"],
      case .string(let digest)? = index["sha256"]
    else { throw broken(.source, "an index with its name and sha256", value.kindName) }
    return StoredSource.Index(name: name, digest: digest)
  }

  /// The bytes of the shards' index, which have the digest that the record gives; only they make the same set again.
  package func shardIndexBytes(_ index: StoredSource.Index) throws(CheckpointError) -> [UInt8] {
    let bytes = try CheckpointOpener.read(
      hdf5, Layout.shardIndexPath, path: path, type: .u8, limit: LayoutLimits.headerBytes)
    let digest = SHA256Digest.of(bytes).description
    guard digest == index.digest else {
      throw .broken(
        .shardIndex, path: path, place: "/\(Layout.shardIndexPath)",
        expected:
          "bytes with the SHA-256 \(TensorName(index.digest).quoted) of /\(Layout.Table.source.path)",
        found: digest)
    }
    return bytes
  }
}
