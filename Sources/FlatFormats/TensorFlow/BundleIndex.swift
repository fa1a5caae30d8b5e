internal import ByteFiles
internal import ONNXGraph
internal import Tensors

/// The decoded index of a checkpoint: its header, and the entries by key.
struct BundleIndex {
  /// The number of data files.
  private(set) var shardCount = 1
  /// The entries of tensors, in ascending order of keys.
  private(set) var entries: [(name: TensorName, entry: BundleEntry)] = []
  /// The entries of slices, by their encoded keys.
  private(set) var slices: [[UInt8]: BundleEntry] = [:]

  private static let shardLimit = 65_536
  /// The version of the format that is read.
  private static let version = 1

  init(_ file: ReadableFile) throws(FlatFormatError) {
    let table = try TableFile(file)
    let wire = WireFile(file)
    guard let first = table.entries.first, first.key.isEmpty else {
      throw .refused(
        .tensorflowTable, path: file.path, place: "first key", expected: "the empty one, of the header",
        found: "another one")
    }
    try readHeader(wire, first.value)
    for (key, value) in table.entries.dropFirst().map({ ($0.key, $0.value) }) {
      let entry = try BundleEntry(wire, value, key: key)
      guard entry.shard < shardCount else {
        throw .refused(
          .tensorflowEntry, path: file.path, place: "entry \(TableFile.words(key))",
          expected: "one of \(shardCount) data files", found: "number \(entry.shard)")
      }
      if key.first == 0 {
        slices[key] = entry
        continue
      }
      guard let name = String(validating: key, as: UTF8.self) else {
        throw .refused(
          .tensorflowEntry, path: file.path, place: "entry \(TableFile.words(key))",
          expected: "a name in UTF-8", found: "other bytes")
      }
      entries.append((TensorName(name), entry))
    }
  }

  /// Removes and returns the entry of a slice.
  mutating func take(slice key: [UInt8]) -> BundleEntry? { slices.removeValue(forKey: key) }

  /// `BundleHeaderProto`.
  private mutating func readHeader(_ wire: WireFile, _ range: Range<Int>) throws(FlatFormatError) {
    let path = wire.file.path
    var (shards, order) = (0, 0)
    var consumer = 0
    var bad: [UInt64] = []
    var reader = WireReader(wire, range)
    while let field = try asEntry("header", { () throws(GraphError) in try reader.next() }) {
      switch (field.number, field.value) {
      case (1, .varint(let bits)): shards = Int(truncatingIfNeeded: bits)
      case (2, .varint(let bits)): order = Int(truncatingIfNeeded: bits)
      case (3, .bytes(let range)):
        var inner = WireReader(wire, range)
        while let field = try asEntry("header", { () throws(GraphError) in try inner.next() }) {
          switch (field.number, field.value) {
          case (2, .varint(let bits)): consumer = Int(truncatingIfNeeded: bits)
          case (3, .varint(let bits)) where bad.count < 1000: bad.append(bits)
          case (3, .bytes(let range)):
            var list = WireReader(wire, range)
            while let bits = try asEntry("header", { () throws(GraphError) in try list.nextVarint() }),
              bad.count < 1000
            { bad.append(bits) }
          default: break
          }
        }
      default: break
      }
    }
    func refusal(_ rule: FlatFormatRule, _ expected: String, _ found: String) -> FlatFormatError {
      .refused(rule, path: path, place: "header", expected: expected, found: found)
    }
    guard shards > 0 else { throw refusal(.tensorflowEntry, "at least one data file", "\(shards)") }
    guard shards <= Self.shardLimit else {
      throw refusal(.tensorflowLimit, "at most \(Self.shardLimit.grouped) data files", shards.grouped)
    }
    guard order == 0 else {
      throw refusal(
        .tensorflowFeature, "numbers with the lowest byte first",
        order == 1 ? "numbers with the highest byte first (big-endian)" : "byte order \(order)")
    }
    guard consumer <= Self.version, !bad.contains(UInt64(Self.version)) else {
      throw refusal(.tensorflowFeature, "a file for readers of version \(Self.version)", "one for later ones")
    }
    shardCount = shards
  }
}
