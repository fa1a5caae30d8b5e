internal import Tensors

/// The files of sharded safetensors without the tensors: enough to write the same files again.
public struct ShardSet: Sendable, Equatable {
  /// One safetensors file of the set.
  public struct Shard: Sendable, Equatable {
    /// The file's bare name.
    public let name: String
    /// The number of its tensors; they are adjacent in the source's list.
    public let tensorCount: Int
    /// The file's bytes before the data: length, JSON and padding.
    public let header: [UInt8]

    /// A shard with all of its parts; they are not checked against each other.
    public init(name: String, tensorCount: Int, header: [UInt8]) {
      self.name = name
      self.tensorCount = tensorCount
      self.header = header
    }
  }

  /// The index, which gives the shard of each tensor.
  public struct Index: Sendable, Equatable {
    /// The file's bare name.
    public let name: String
    /// All of its bytes.
    public let bytes: [UInt8]

    /// An index with a name and its bytes, which are not parsed here.
    public init(name: String, bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// The shards, sorted by the bytes of their names.
  public let shards: [Shard]
  /// The index; nil for a set that had none.
  public let index: Index?

  /// A set; shards must be sorted by the bytes of their names.
  public init(shards: [Shard], index: Index?) {
    self.shards = shards
    self.index = index
  }
}

extension ShardSet {
  /// The texts in the index's own metadata, which a single file of the same tensors can store.
  ///
  /// Numbers and lists, such as `total_parameters`, can only be stored in another index.
  public var indexMetadata: [(key: String, value: String)] {
    guard let read = index?.read else { return [] }
    var keys = Set<TensorName>()
    return read.strings.filter { key, _ in
      TensorName(key) != TensorName(TensorTies.key) && TensorName(key) != "total_size"
        && keys.insert(TensorName(key)).inserted
    }
  }
}

extension ShardSet.Index {
  /// The parsed index; nil if its bytes are not a valid one.
  var read: ShardIndex? {
    var problems = ShardProblems()
    return try? ShardIndex(parsing: bytes, path: name, problems: &problems)
  }
}
