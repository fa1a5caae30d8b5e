package import ByteFiles
internal import StrictJSON
internal import TensorStreams
internal import Tensors

/// Safetensors in several files. The index gives each tensor's file, and all of the index is checked.
final class ShardedSource: FlatWeightsSource {
  let kind = FlatFormatKind.shardedSafetensors
  let path: String
  let tensors: [SourceTensor]
  let metadata: [(key: String, value: String)]
  let shardSet: ShardSet?
  let remarks: [FlatRemark]
  let leftOut: [LeftOut]
  /// The shard of each tensor, and the position of its first byte there.
  private let places: [(shard: Int, start: Int)]
  private let shardFiles: ShardFiles
  let files: [String]

  var verbatim: [UInt8]? { nil }

  /// - Parameter beside: the other weights in the folder; they are reported as left out.
  fileprivate init(
    path: String, shards: [OpenedShard], index: (read: ShardIndex, file: ShardSet.Index)?,
    beside: [LeftOut]
  ) {
    leftOut = beside
    self.path = path
    files = (index == nil ? [] : [path]) + shards.map(\.file.path)
    shardFiles = ShardFiles(shards.map(\.file))
    shardSet = ShardSet(
      shards: shards.map { ShardSet.Shard(name: $0.name, tensorCount: $0.entries.count, header: $0.header) },
      index: index?.file)
    let specs = shards.flatMap { $0.entries.map(\.spec) }
    // Ties between two shards are in the index; other ties may be in a shard.
    let text = index?.read.strings ?? []
    let hasTies = text.contains { TensorName($0.key) == TensorName(TensorTies.key) }
    let ties =
      hasTies
      ? TensorTies.resolved(in: text, specs: specs)
      : shards.reduce(into: [:]) { ties, shard in
        ties.merge(TensorTies.resolved(in: shard.metadata, specs: shard.entries.map(\.spec))) { $1 }
      }
    tensors = specs.map { SourceTensor(spec: $0, tiedTo: ties[$0.name]) }
    places = shards.enumerated().flatMap { number, shard in
      shard.entries.map { (number, shard.header.count + $0.begin) }
    }
    // Writers give every shard the same metadata; entries that only some have are kept too.
    var keys = Set<TensorName>()
    metadata = shards.flatMap(\.metadata).filter { keys.insert(TensorName($0.key)).inserted }
    remarks = index.map { Self.remarks(on: $0.read, specs) } ?? []
  }

  private static func remarks(on index: ShardIndex, _ specs: [TensorSpec]) -> [FlatRemark] {
    guard index.hasMetadata else {
      return [
        FlatRemark(
          .noMetadata, "metadata", expected: "an object, which transformers requires", found: "none")
      ]
    }
    return [
      totalSizeRemark(index.totalSize, of: specs),
      parametersRemark(index.metadata.first { TensorName($0.key) == "total_parameters" }?.value, of: specs),
    ].compactMap(\.self)
  }

  /// The note about a `total_parameters` that differs from the elements of all tensors. Writers count no buffers, and
  /// count packed weights as they are unpacked, so a difference need not be a mistake.
  private static func parametersRemark(_ said: JSONValue?, of specs: [TensorSpec]) -> FlatRemark? {
    guard case .integer(let count)? = said else { return nil }
    let total = specs.reduce(0) { total, spec in
      let (sum, overflow) = total.addingReportingOverflow(spec.elementCount)
      return overflow ? .max : sum
    }
    if Int(exactly: count) == total { return nil }
    return FlatRemark(
      .totalParameters, "metadata, total_parameters",
      expected: "\(total.grouped), the elements of all tensors", found: "\(Int(count).grouped)")
  }

  /// The note about a `total_size` that differs from the bytes of all tensors.
  private static func totalSizeRemark(_ said: ShardIndex.TotalSize, of specs: [TensorSpec]) -> FlatRemark? {
    let total = specs.reduce(0) { total, spec in
      let (sum, overflow) = total.addingReportingOverflow(spec.byteCount)
      return overflow ? .max : sum
    }
    let found: String
    switch said {
    case .none: return nil
    case .bytes(let size): found = "\(size.grouped)"
    case .other(let words): found = words
    }
    if said == .bytes(total) { return nil }
    return FlatRemark(
      .totalSize, "metadata, total_size", expected: "\(total.grouped), the bytes of all tensors", found: found
    )
  }

  func reader(of index: Int) throws(FlatFormatError) -> any TensorByteReader {
    guard tensors.indices.contains(index) else { throw noSuchTensor(index) }
    let spec = tensors[index].spec
    return PlainReader(
      file: try shardFiles.file(places[index].shard), name: spec.name, start: places[index].start,
      count: spec.byteCount)
  }

  static let format = FlatFormat(
    kind: .shardedSafetensors, suffix: ShardName.indexSuffix, uses: [.conversion, .subNetwork],
    matches: { head in
      guard head.bytes.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) == UInt8(ascii: "{") else {
        return false
      }
      if KerasShards.matches(head) { return false }
      // No other JSON has the key `weight_map`. If long metadata come first, the name decides.
      return head.hasSuffix(ShardName.indexSuffix) || head.contains("\"weight_map\"")
    },
    open: { file, _ throws(FlatFormatError) in try FlatFormat.sound(examine(index: file), file) },
    examine: { file, _ throws(FlatFormatError) in examine(index: file) },
    sink: { contents throws(FlatFormatError) in try ShardedSink(contents) },
    checkHeader: { stored, contents throws(FlatFormatError) in
      _ = try SafetensorsSink.order(ofVerbatim: stored, contents)
    })

  static func nothing(_ path: String) -> FlatFormatError {
    .refused(.shardsIndex, path: path, place: "weight_map", expected: "at least one shard", found: "none")
  }
}

/// A shard whose header has been read.
private struct OpenedShard {
  let name: String
  let file: ShardFiles.Shard
  let header: [UInt8]
  let entries: [SafetensorsHeader.Entry]
  let metadata: [(key: String, value: String)]

  /// - Parameters:
  ///   - place: the number of the file in its set.
  ///   - isNamed: whether an index names the file.
  init(_ name: String, path: String, place: Int, isNamed: Bool) throws(FlatFormatError) {
    let file = try asFlatFormat { () throws(FileError) in try ReadableFile(path: path) }
    let head = FileHead(of: file)
    if !SafetensorsSource.format.matches(head), let foreign = head.foreignContent {
      throw .refused(
        .shardsMissingShard, path: path, place: "file", expected: "the shard that the index names",
        found: foreign)
    }
    let header = try SafetensorsSource.headerBytes(of: file)
    let parsed = try SafetensorsSource.parse(header, path: path, bodySize: file.size - header.count)
    try RankSharding.requireWhole(parsed.metadata, path: path, isNamed: isNamed)
    self.name = name
    self.file = ShardFiles.Shard(file, place: place)
    self.header = header
    entries = parsed.entries
    metadata = parsed.metadata
  }
}

extension ShardedSource {
  /// The most bytes of all headers together; a unit checkpoint stores at most the same number.
  static let headerLimit = 128 << 20

  /// Reads an index and the headers of its shards, and reports every defect; returns a source if there is none.
  ///
  /// - Parameter isFolder: whether the user named the folder, so that its other weights are reported as left out.
  static func examine(
    index file: ReadableFile, isFolder: Bool = false
  ) -> (source: ShardedSource?, errors: [FlatFormatError]) {
    var problems = ShardProblems()
    do throws(FlatFormatError) {
      guard file.size <= ShardIndex.sizeLimit else {
        throw .refused(
          .shardsLimit, path: file.path, place: "file",
          expected: "an index of at most \(ShardIndex.sizeLimit.grouped) bytes", found: "\(file.size.grouped)"
        )
      }
      let bytes = try asFlatFormat { () throws(FileError) in try file.bytes(at: 0, count: file.size) }
      let index = try ShardIndex(parsing: bytes, path: file.path, problems: &problems)
      let shards = open(
        index.shards, in: ShardFolder(ofFile: file.path), shownIn: file.path, areNamed: true,
        problems: &problems)
      compare(index, shards, path: file.path, problems: &problems)
      if index.shards.isEmpty, problems.isEmpty { problems.add(nothing(file.path)) }
      if !problems.isEmpty { return (nil, problems.errors) }
      let name = SystemPath.bareName(of: file.path)
      let beside =
        isFolder ? try ShardFolder(ofFile: file.path).leftOut(beside: [name] + index.shards) : []
      return (
        ShardedSource(
          path: file.path, shards: shards.compactMap(\.self),
          index: (index, ShardSet.Index(name: name, bytes: bytes)), beside: beside), []
      )
    } catch {
      problems.add(error)
      return (nil, problems.errors)
    }
  }

  /// The same for a set of numbered files without an index.
  static func examine(set names: [String], in folder: ShardFolder, beside: [LeftOut] = []) -> (
    source: ShardedSource?, errors: [FlatFormatError]
  ) {
    var problems = ShardProblems()
    let shards = open(names, in: folder, shownIn: folder.path, areNamed: false, problems: &problems)
    compare(nil, shards, path: folder.path, problems: &problems)
    if !problems.isEmpty { return (nil, problems.errors) }
    return (
      ShardedSource(path: folder.path, shards: shards.compactMap(\.self), index: nil, beside: beside), []
    )
  }

  private static func open(
    _ names: [String], in folder: ShardFolder, shownIn path: String, areNamed: Bool,
    problems: inout ShardProblems
  ) -> [OpenedShard?] {
    var left = headerLimit
    var shards: [OpenedShard?] = []
    shards.reserveCapacity(names.count)
    for name in names {
      do throws(FlatFormatError) {
        let shard = try OpenedShard(
          name, path: try folder.pathOfShard(name), place: shards.count, isNamed: areNamed)
        left -= shard.header.count
        if left < 0 {
          throw .refused(
            .shardsLimit, path: path, place: "shards",
            expected: "headers of at most \(headerLimit.grouped) bytes together",
            found: "more, up to \(TensorName(name).quoted)")
        }
        shards.append(shard)
      } catch {
        problems.add(error)
        if left < 0 { break }
        shards.append(nil)
      }
    }
    return shards
  }

  /// Compares the shards with the index: each tensor must be in the index, in its own shard, and in no other.
  private static func compare(
    _ index: ShardIndex?, _ shards: [OpenedShard?], path: String, problems: inout ShardProblems
  ) {
    var found: [TensorName: Int] = [:]
    for (number, shard) in shards.enumerated() {
      guard let shard else { continue }
      for entry in shard.entries {
        if let first = found.updateValue(number, forKey: entry.spec.name), let other = shards[first] {
          problems.add(
            .refused(
              .shardsDuplicateTensor, path: path, place: "tensor \(entry.spec.name.quoted)",
              expected: "it in one shard",
              found: "it in \(TensorName(other.name).quoted) and \(TensorName(shard.name).quoted)"))
        }
      }
    }
    guard let index, shards.count == index.shards.count else { return }
    for (name, number) in index.weights {
      let actual = found.removeValue(forKey: name)
      // This shard could not be read; this defect is reported already.
      guard let shard = shards[number] else { continue }
      if actual == number { continue }
      let elsewhere = actual.flatMap { shards[$0]?.name }
      problems.add(
        .refused(
          .shardsMissingTensor, path: path, place: "weight_map, \(name.quoted)",
          expected: "the tensor in \(TensorName(shard.name).quoted)",
          found: elsewhere.map { "it in \(TensorName($0).quoted)" } ?? "no such tensor there"))
    }
    for (name, number) in found.sorted(by: { $0.key < $1.key }) {
      guard let shard = shards[number] else { continue }
      problems.add(
        .refused(
          .shardsExtraTensor, path: path, place: "tensor \(name.quoted)", expected: "it in the weight_map",
          found: "it in \(TensorName(shard.name).quoted) only"))
    }
  }
}

extension FlatFormats {
  /// The file at one of the paths of a model: a shard, which is open, or another one, which is opened. nil for other
  /// paths.
  package static func file(at path: String, of source: any FlatWeightsSource) throws -> ReadableFile? {
    if let part = source as? RootedWeights { return try file(at: path, of: part.whole) }
    if let set = source as? ShardedSource, let shard = try set.shard(at: path) { return shard }
    if let set = source as? DistributedSource, let part = try set.part(at: path) { return part }
    return source.files.contains { SystemPath.same($0, path) } ? try ReadableFile(path: path) : nil
  }
}

extension ShardedSource {
  /// The open file of a shard; nil for the path of the index, and for any other.
  fileprivate func shard(at path: String) throws(FlatFormatError) -> ReadableFile? {
    let hasIndex = files.count > shardFiles.count
    guard let place = files.firstIndex(where: { $0.utf8.elementsEqual(path.utf8) }) else { return nil }
    let number = place - (hasIndex ? 1 : 0)
    return number < 0 ? nil : try shardFiles.file(number)
  }
}
