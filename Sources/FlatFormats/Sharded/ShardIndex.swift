internal import ByteFiles
internal import StrictJSON
internal import Tensors

/// A `model.safetensors.index.json`, which gives the file of each tensor.
///
/// `{"metadata": {"total_size": bytes, …}, "weight_map": {tensor: file, …}}`, as Hugging Face's libraries write it.
struct ShardIndex: Sendable {
  /// The shards' bare names, sorted by their bytes.
  let shards: [String]
  /// Every tensor, with the index of its shard in `shards`.
  let weights: [(name: TensorName, shard: Int)]
  /// The bytes of all tensors according to the index; readers use the shards' own sizes.
  let totalSize: TotalSize
  /// The metadata, in file order.
  let metadata: [JSONMember]
  /// Whether there is an object `metadata`; transformers reads it without asking.
  let hasMetadata: Bool

  /// The value of `total_size`.
  enum TotalSize: Equatable {
    case none
    case bytes(Int)
    /// A value that is not a number of bytes, with a description.
    case other(String)
  }

  /// The entries of the metadata whose value is a string.
  var strings: [(key: String, value: String)] {
    metadata.compactMap { member in
      if case .string(let text) = member.value { (member.key, text) } else { nil }
    }
  }

  /// The largest index that is read, in bytes: about 250,000 tensors, twice as many as the largest models have. In
  /// memory it takes ten times as much.
  static let sizeLimit = 32 << 20

  /// The most shards; the largest models have hundreds. Each one is looked up on disk.
  static let shardLimit = 65_536

  /// Parses an index; defects that do not prevent reading the rest are added to `problems`.
  init(parsing bytes: [UInt8], path: String, problems: inout ShardProblems) throws(FlatFormatError) {
    func broken(_ place: String, _ expected: String, _ found: String) -> FlatFormatError {
      .refused(.shardsIndex, path: path, place: place, expected: expected, found: found)
    }
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONParser(depthLimit: 16, sizeLimit: Self.sizeLimit).parse(bytes)
    } catch {
      switch error {
      case .duplicateKey(let place, let key):
        throw .refused(
          .shardsDuplicateTensor, path: path, place: "\(place)", expected: "every key once",
          found: "\(TensorName(key).quoted) again")
      case .syntax(let place, let expected, let found): throw broken("\(place)", expected, found)
      default: throw broken("text", "JSON", "\(error)")
      }
    }
    guard case .object(let root) = document else { throw broken("text", "a JSON object", document.kindName) }
    guard case .object(let map)? = root["weight_map"] else {
      throw broken("weight_map", "an object from tensors to files", root["weight_map"]?.kindName ?? "none")
    }
    switch root["metadata"] {
    case nil, .null?: (totalSize, metadata, hasMetadata) = (.none, [], false)
    case .object(let object)?:
      (totalSize, metadata, hasMetadata) = (Self.totalSize(object["total_size"]), object.members, true)
    case let other?: throw broken("metadata", "an object", other.kindName)
    }

    var places: [TensorName: Int] = [:]
    var names: [String] = []
    var weights: [(name: TensorName, shard: Int)] = []
    weights.reserveCapacity(map.members.count)
    for member in map.members {
      let name = TensorName(member.key)
      guard case .string(let file) = member.value else {
        throw broken("weight_map, \(name.quoted)", "a file's name", member.value.kindName)
      }
      if let place = places[TensorName(file)] {
        weights.append((name, place))
        continue
      }
      if let fault = ShardName.fault(in: file) {
        problems.add(
          .refused(
            .shardsName, path: path, place: "weight_map, \(name.quoted)",
            expected: "the bare name of a .safetensors file in the index's folder",
            found: "\(TensorName(file).quoted): \(fault)"))
        continue
      }
      guard names.count < Self.shardLimit else {
        throw .refused(
          .shardsLimit, path: path, place: "weight_map, \(name.quoted)",
          expected: "at most \(Self.shardLimit) shards", found: "more")
      }
      places[TensorName(file)] = names.count
      weights.append((name, names.count))
      names.append(file)
    }
    let order = names.indices.sorted { TensorName(names[$0]) < TensorName(names[$1]) }
    var ranks = [Int](repeating: 0, count: names.count)
    for (rank, place) in order.enumerated() { ranks[place] = rank }
    shards = order.map { names[$0] }
    self.weights = weights.map { ($0.name, ranks[$0.shard]) }
  }

  private static func totalSize(_ value: JSONValue?) -> TotalSize {
    switch value {
    case nil: .none
    case .integer(let size)? where size >= 0: .bytes(Int(size))
    // Older writers computed the sum in floating point.
    case .number(let size)? where size >= 0 && size < 0x1p53 && size == size.rounded(): .bytes(Int(size))
    case .integer(let size)?: .other("\(size)")
    case .number(let size)?: .other("\(size)")
    case let other?: .other(other.kindName)
    }
  }
}

/// The defects of a set of shards. A hostile index could have a million defects of one kind.
struct ShardProblems {
  private(set) var errors: [FlatFormatError] = []
  private var counts: [FlatDefect: Int] = [:]

  /// The most errors of one rule that are kept.
  static let limit = 100

  var isEmpty: Bool { errors.isEmpty }

  mutating func add(_ error: FlatFormatError) {
    if let rule = error.defect {
      counts[rule, default: 0] += 1
      if counts[rule, default: 0] > Self.limit { return }
    }
    errors.append(error)
  }
}

extension ShardIndex {
  /// The index in a file; nil if it is not a valid one.
  init?(reading file: ReadableFile) {
    guard file.size <= Self.sizeLimit, let bytes = try? file.bytes(at: 0, count: file.size) else {
      return nil
    }
    var problems = ShardProblems()
    guard let index = try? Self(parsing: bytes, path: file.path, problems: &problems) else { return nil }
    self = index
  }
}
