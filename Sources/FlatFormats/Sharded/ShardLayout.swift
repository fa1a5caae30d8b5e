internal import StrictJSON
internal import Tensors

/// The tensors of each shard, and each shard's header: everything of a set except the tensors' bytes.
struct ShardLayout {
  struct Shard {
    let name: String
    /// The range of the shard's tensors in the list of all tensors.
    let tensors: Range<Int>
    let header: [UInt8]
    /// The order of the body, as indices in the shard's own list of tensors.
    let order: [Int]
    let byteCount: Int
  }

  let shards: [Shard]
  /// The bytes of the index; nil for a single file, which needs none.
  let index: [UInt8]?

  /// The most bytes of tensors in a shard, unless the user gives another size; the same as Hugging Face's default.
  static let defaultSize = 5_000_000_000

  /// The indices of all tensors, in the order in which the bodies are written.
  var order: [Int] { shards.flatMap { shard in shard.order.map { shard.tensors.lowerBound + $0 } } }

  /// Splits the tensors, in their order, into shards of at most `size` bytes. A larger tensor gets a shard of its own.
  init(splitting contents: SinkContents, size: Int, stem: String) throws(FlatFormatError) {
    var ranges: [Range<Int>] = []
    var (start, filled) = (0, 0)
    for (place, spec) in contents.specs.enumerated() {
      let (sum, overflow) = filled.addingReportingOverflow(spec.byteCount)
      if place > start, overflow || sum > size {
        ranges.append(start..<place)
        (start, filled) = (place, spec.byteCount)
      } else {
        filled = overflow ? .max : sum
      }
    }
    ranges.append(start..<contents.specs.count)
    guard ranges.count <= ShardIndex.shardLimit else {
      throw contents.refusal(
        .shardsLimit, "shards", expected: "at most \(ShardIndex.shardLimit), as many as are read back",
        found: "\(ranges.count)")
    }
    var shards: [Shard] = []
    var headers = 0
    for (number, range) in ranges.enumerated() {
      let part = contents.shard(range)
      let (header, order) = try SafetensorsSink.canonicalHeader(part)
      headers += header.count
      guard headers <= ShardedSource.headerLimit else {
        throw contents.refusal(
          .shardsLimit, "shards",
          expected:
            "headers of at most \(ShardedSource.headerLimit.grouped) bytes together, as many as are read back",
          found: "more in the first \(number + 1) of \(ranges.count)")
      }
      shards.append(
        Shard(
          name: contents.isModelFolder && ranges.count == 1
            ? stem + ShardName.suffix : ShardName.numbered(stem, number + 1, of: ranges.count),
          tensors: range, header: header, order: order, byteCount: try part.byteCount()))
    }
    self.shards = shards
    index = contents.isModelFolder && shards.count == 1 ? nil : try Self.index(of: shards, contents)
  }

  /// The layout of the stored files, after a check that they describe exactly these tensors.
  init(repeating set: ShardSet, _ contents: SinkContents, stem: String) throws(FlatFormatError) {
    func disagreement(_ place: String, _ expected: String, _ found: String) -> FlatFormatError {
      contents.refusal(.shardsVerbatim, place, expected: expected, found: found)
    }
    var shards: [Shard] = []
    var names = Set<TensorName>()
    var start = 0
    for shard in set.shards {
      let place = "stored shard \(TensorName(shard.name).quoted)"
      if let fault = ShardName.fault(in: shard.name) {
        throw disagreement(place, "the bare name of a .safetensors file", fault)
      }
      guard names.insert(TensorName(shard.name)).inserted else {
        throw disagreement(place, "every name once", "it twice")
      }
      guard shard.tensorCount >= 0, shard.tensorCount <= contents.specs.count - start else {
        throw disagreement(place, "at most \(contents.specs.count - start) tensors", "\(shard.tensorCount)")
      }
      let range = start..<start + shard.tensorCount
      start = range.upperBound
      let part = contents.shard(range)
      shards.append(
        Shard(
          name: shard.name, tensors: range, header: shard.header,
          order: try SafetensorsSink.order(ofVerbatim: shard.header, part), byteCount: try part.byteCount()))
    }
    guard start == contents.specs.count else {
      throw disagreement("stored shards", "\(contents.specs.count) tensors together", "\(start)")
    }
    self.shards = shards
    guard let bytes = set.index?.bytes else {
      index = contents.isModelFolder && shards.count == 1 ? nil : try Self.index(of: shards, contents)
      return
    }
    var problems = ShardProblems()
    let stored = try ShardIndex(parsing: bytes, path: contents.path, problems: &problems)
    if let first = problems.errors.first { throw first }
    var homes: [TensorName: String] = [:]
    for shard in shards { for spec in contents.specs[shard.tensors] { homes[spec.name] = shard.name } }
    guard stored.weights.count == contents.specs.count else {
      throw disagreement("stored index", "\(contents.specs.count) tensors", "\(stored.weights.count)")
    }
    for (name, shard) in stored.weights
    where homes[name].map({ TensorName($0) }) != TensorName(stored.shards[shard]) {
      throw disagreement(
        "stored index, tensor \(name.quoted)",
        homes[name].map { TensorName($0).quoted } ?? "a tensor that is written",
        TensorName(stored.shards[shard]).quoted)
    }
    index = bytes
  }

  /// An index in the form of Hugging Face's libraries: indented by two spaces, keys in the order of their bytes.
  private static func index(of shards: [Shard], _ contents: SinkContents) throws(FlatFormatError) -> [UInt8] {
    var total = 0
    for shard in shards {
      let (sum, overflow) = total.addingReportingOverflow(shard.byteCount)
      if overflow { throw contents.tooLarge() }
      total = sum
    }
    var text: [UInt8] = Array("{\n  \"metadata\": {".utf8)
    for (number, member) in metadata(total: total, contents).enumerated() {
      text += Array((number == 0 ? "\n    " : ",\n    ").utf8)
      JSONText.append(member.key, to: &text)
      text += Array(": ".utf8)
      switch member.value {
      case .string(let value): JSONText.append(value, to: &text)
      // The value comes from an index; a JSON number is always finite.
      default: text += (try? JSONWriter.bytes(member.value, layout: .compact)) ?? Array("null".utf8)
      }
    }
    text += Array("\n  },\n  \"weight_map\": {".utf8)
    var rows: [(name: TensorName, shard: String)] = []
    for shard in shards { for spec in contents.specs[shard.tensors] { rows.append((spec.name, shard.name)) } }
    rows.sort { $0.name < $1.name }
    for (number, row) in rows.enumerated() {
      text += Array((number == 0 ? "\n    " : ",\n    ").utf8)
      JSONText.append(row.name.text, to: &text)
      text += Array(": ".utf8)
      JSONText.append(row.shard, to: &text)
    }
    text += Array((rows.isEmpty ? "}\n}\n" : "\n  }\n}\n").utf8)
    guard text.count <= ShardIndex.sizeLimit else {
      throw contents.refusal(
        .shardsLimit, "index", expected: "an index of at most \(ShardIndex.sizeLimit.grouped) bytes",
        found: "\(text.count.grouped)")
    }
    return text
  }
}

extension ShardLayout {
  /// The metadata of a new index, sorted by key. Entries of the source's index are kept, except those about its own
  /// files.
  private static func metadata(total: Int, _ contents: SinkContents) -> [JSONMember] {
    let ties = contents.ties.isEmpty ? nil : TensorTies.encoded(contents.ties)
    var members = [JSONMember(key: "total_size", value: JSONValue(total))]
    // A sum of elements that memory holds as tensors does not overflow.
    let elements = contents.specs.reduce(0) { $0 &+ $1.elementCount }
    members.append(JSONMember(key: "total_parameters", value: JSONValue(elements)))
    if let ties { members.append(JSONMember(key: TensorTies.key, value: .string(ties))) }
    let own: Set<TensorName> = ["total_size", "total_parameters", TensorName(TensorTies.key)]
    members += (contents.shardSet?.index?.read?.metadata ?? []).filter { !own.contains(TensorName($0.key)) }
    return members.sorted { TensorName($0.key) < TensorName($1.key) }
  }
}

extension SinkContents {
  /// The contents of one shard. Ties are stored in the index, because the other name may be in another shard.
  func shard(_ range: Range<Int>) -> SinkContents {
    SinkContents(
      path: path, specs: Array(specs[range]), ties: [], metadata: metadata, verbatim: nil, opaque: opaque)
  }

  func byteCount() throws(FlatFormatError) -> Int {
    var total = 0
    for spec in specs {
      let (sum, overflow) = total.addingReportingOverflow(spec.byteCount)
      if overflow { throw tooLarge() }
      total = sum
    }
    return total
  }

  func tooLarge() -> FlatFormatError {
    refusal(
      .safetensorsHeaderLimit, "tensors", expected: "tensors that fit a file", found: "more than 2^63 bytes")
  }
}
