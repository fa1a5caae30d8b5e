internal import StrictJSON

/// What a checkpoint remembers of the flat files it was made from.
package struct StoredSource: Sendable {
  /// The format, as `inspect` calls it.
  package let kind: String
  package let shards: [Shard]

  /// One flat file.
  package struct Shard: Sendable {
    /// How many tensors it had; they follow each other in the index.
    package let tensorCount: Int
    /// Which of the stored headers is its own; nil where none was kept.
    package let header: Int?
  }
}

extension UnitCheckpoint {
  /// The record of the flat files, once it can be read and names the stored headers and the tensors of the index.
  package func storedSource() throws(CheckpointError) -> StoredSource {
    let place = "/\(LayoutV1.Table.source.path)"
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
      shards.append(StoredSource.Shard(tensorCount: count, header: header))
    }
    guard tensorCount == index.tensors.count else {
      throw broken(.source, "shards of \(index.tensors.count) tensors together", "\(tensorCount)")
    }
    let numbers = shards.compactMap(\.header)
    guard numbers.sorted() == Array(headers.indices) else {
      throw broken(.sourceHeaders, "\(headers.count) shards with a header of their own", "\(numbers)")
    }
    return StoredSource(kind: kind, shards: shards)
  }
}
