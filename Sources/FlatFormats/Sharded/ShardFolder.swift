internal import ByteFiles
internal import Glibc
internal import TensorStreams
internal import Tensors

/// A folder with weights.
struct ShardFolder {
  /// The path as the user gave it.
  let path: String

  /// The weights to open when the user names only the folder.
  enum Contents {
    case index(String)
    case single(String)
    /// All shards of one set, in order.
    case set([String])
    /// The metadata of a distributed checkpoint.
    case distributed(String)
    /// The safetensors of all ranks of a distributed checkpoint.
    case ranks([String])
    /// The index of a checkpoint of TensorFlow.
    case tensorflow(String)
  }

  /// Returns nil if `path` is not a folder.
  init?(_ path: String) {
    guard SystemPath.isFolder(path) else { return nil }
    self.path = path
  }

  /// A folder to write to; it need not exist yet.
  init(writing path: String) { self.path = path }

  /// The folder that contains a file.
  init(ofFile path: String) {
    self.path = SystemPath.folder(of: path)
  }

  /// The path of a file in the folder.
  func file(_ name: String) -> String {
    SystemPath.joined(path, name)
  }

  /// The weights to open: the only index, or else the only safetensors file, or the only complete numbered set; or the
  /// metadata or the ranks' files of a distributed checkpoint; or the only file of another format.
  func contents() throws(FlatFormatError) -> Contents {
    if let index = try TensorFlowRecognition.index(in: self) { return .tensorflow(index) }
    let names = try names()
    let indexes = names.filter(ShardName.isIndex)
    let files = names.filter { $0.hasSuffix(ShardName.suffix) }
    if let metadata = try distributedMetadata(among: names) {
      guard let other = indexes.first ?? files.first else { return .distributed(metadata) }
      throw refusal(
        "one model, or the path of one of them",
        "\(TensorName(metadata).quoted) and \(TensorName(other).quoted)")
    }
    if indexes.count > 1 { throw refusal("one *\(ShardName.indexSuffix), or its path", Self.shown(indexes)) }
    if let index = indexes.first { return .index(index) }
    // Numbered files alone look like one set. If a writer was killed between its renames, they belong to two sets.
    if AtomicFileSet.hasLeftovers(in: path) {
      throw refusal(
        "a complete set, or its index", "the files of a stopped conversion")
    }
    guard let first = files.first else { return .single(try onlyOther(among: names)) }
    if files.contains(where: RankFiles.isRank) { return .ranks(files) }
    let ranks = { RankFiles.names(among: files, in: self) { try? ReadableFile(path: $0) } }
    guard let parts = ShardName.parts(of: first) else {
      if files.count == 1 { return .single(first) }
      if !ranks().isEmpty { return .ranks(files) }
      throw refusal("an index, or one *\(ShardName.suffix)", Self.shown(files))
    }
    func missing(_ expected: String, _ found: String) -> FlatFormatError {
      .refused(.shardsMissingShard, path: path, place: "folder", expected: expected, found: found)
    }
    // Checked before the names are made: the number of shards is a number in a name, and may be huge.
    guard parts.count == files.count else {
      if !ranks().isEmpty { return .ranks(files) }
      throw missing(
        "the \(parts.count) shards that the name \(TensorName(first).quoted) implies", "\(files.count)")
    }
    for (number, name) in files.enumerated() {
      let wanted = ShardName.numbered(parts.stem, number + 1, of: files.count)
      if name == wanted { continue }
      if !ranks().isEmpty { return .ranks(files) }
      throw missing("shard \(TensorName(wanted).quoted)", TensorName(name).quoted)
    }
    return .set(files)
  }

  func refusal(_ expected: String, _ found: String) -> FlatFormatError {
    .refused(.shardsFolder, path: path, place: "folder", expected: expected, found: found)
  }

  /// The first names of a list, and the number of the others.
  static func shown(_ names: [String]) -> String {
    let shown = names.prefix(3).map { TensorName($0).quoted }.joined(separator: ", ")
    return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
  }

  /// The metadata of a distributed checkpoint; nil for other folders. A folder of another program may have such a name.
  private func distributedMetadata(among names: [String]) throws(FlatFormatError) -> String? {
    let pieces = names.filter { $0.hasSuffix(DistributedFolder.suffix) }
    let isOnly = !names.contains { ShardName.isIndex($0) || $0.hasSuffix(ShardName.suffix) }
    let name = DistributedFolder.metadataName
    if !pieces.isEmpty || isOnly, SystemPath.linkStatus(file(name)) != nil, !SystemPath.isFolder(file(name)) {
      return name
    }
    guard let first = pieces.first else { return nil }
    let own = names.filter(DistributedFolder.isMetadata)
    throw .refused(
      .dcpMetadata, path: path, place: "folder", expected: "'.metadata' beside \(TensorName(first).quoted)",
      found: own.first.map {
        "one for each rank, such as \(TensorName($0).quoted), which can be opened by its path"
      }
        ?? "none: the checkpoint was not written to its end, or copied without hidden files")
  }

  /// Whether an index in the folder names the file at `path`.
  func indexNames(_ path: String) -> Bool {
    let name = TensorName(SystemPath.bareName(of: path))
    let indexes = (try? names().filter(ShardName.isIndex)) ?? []
    return indexes.contains { shards(of: $0).contains { TensorName($0) == name } }
  }

  /// Files of weights in the folder other than `names`, which are the files that are read.
  ///
  /// A shard of the same set may hold a part of the model. Other files are weights by themselves: an adapter, the same
  /// model in another format, the state of an optimizer.
  func leftOut(beside names: [String]) throws(FlatFormatError) -> [LeftOut] {
    let known = Set(names.map { TensorName($0) })
    let stems = Set(names.compactMap { ShardName.parts(of: $0)?.stem })
    return try self.names().filter { !known.contains(TensorName($0)) }.compactMap { name in
      if let parts = ShardName.parts(of: name), stems.contains(parts.stem) {
        return LeftOut(name, "a shard that the index does not name")
      }
      if name.hasSuffix(ShardName.suffix) {
        return LeftOut(name, "a file that the index does not name", .apart)
      }
      guard !ShardName.isIndex(name),
        FlatFormats.kind(forName: name) != nil || FlatFormats.promise(ofName: name) != nil
      else { return nil }
      return LeftOut(name, "another file of weights, by its name", .apart)
    }
  }

  /// The contents of an index in the folder that is about to be replaced; nil if it is not a valid index.
  func index(_ name: String) -> ShardIndex? {
    (try? ReadableFile(path: file(name), isInput: false)).flatMap { ShardIndex(reading: $0) }
  }

  /// The shards that an index in the folder lists; empty if it is not a valid index.
  func shards(of name: String) -> [String] { index(name)?.shards ?? [] }

  /// Whether a shard holds exactly the tensors that its index assigns to it.
  ///
  /// Unrelated files may have the names that an index lists.
  func holds(_ names: Set<TensorName>, shard: String) -> Bool {
    guard let path = try? pathOfShard(shard), let file = try? ReadableFile(path: path, isInput: false),
      let header = try? SafetensorsSource.headerBytes(of: file),
      let parsed = try? SafetensorsSource.parse(header, path: path, bodySize: file.size - header.count)
    else { return false }
    return Set(parsed.entries.map(\.spec.name)) == names
  }

  /// The shards that indexes other than `index` list, each with the name of its index.
  func shardsOfOthers(than index: String) throws(FlatFormatError) -> [String: String] {
    var owners: [String: String] = [:]
    for other in try names() where other != index {
      let name = other.lowercased()
      guard name.hasSuffix(".json"), name.contains(".index.") else { continue }
      for shard in shards(of: other) { owners[shard] = other }
    }
    return owners
  }

  /// The names in the folder that are not hidden, sorted by their bytes.
  func names() throws(FlatFormatError) -> [String] {
    guard let names = SystemPath.names(in: path) else {
      throw .file(FileError(action: "list", path: path, errno: errno))
    }
    return names.filter { !$0.hasPrefix(".") || $0 == ".gitattributes" }.map { TensorName($0) }.sorted().map(
      \.text)
  }

  /// The path by which a shard is opened.
  ///
  /// A link is followed if its target is in the folder, or in the `blobs` of a Hugging Face cache whose `snapshots`
  /// include the folder. Other links are refused: a download could use one to expose another file of the user's disk.
  func pathOfShard(_ name: String) throws(FlatFormatError) -> String {
    let path = file(name)
    guard let isLink = SystemPath.isLink(path) else {
      if errno == ENOENT {
        throw .refused(
          .shardsMissingShard, path: path, place: "file", expected: "the shard that the index names",
          found: "none")
      }
      throw .file(FileError(action: "open", path: path, errno: errno))
    }
    guard isLink else { return path }
    guard let target = SystemPath.resolved(path) else {
      throw .refused(
        .shardsMissingShard, path: path, place: "file", expected: "the shard that the index names",
        found: "a link to no file")
    }
    guard let folder = SystemPath.resolved(self.path),
      Self.roots(of: folder).contains(where: target.hasPrefix)
    else {
      throw .refused(
        .shardsLink, path: path, place: "file", expected: "a shard in the index's folder",
        found: "a link that leads out of it")
    }
    return target
  }

  private static func roots(of folder: String) -> [String] {
    let inside = folder == "/" ? folder : folder + "/"
    let parts = SystemPath.components(folder)
    // <cache>/models--…/snapshots/<revision>, whose files are links to <cache>/models--…/blobs/<digest>, also from the
    // folders in it.
    guard
      let snapshots = parts.indices.dropLast().last(where: { place in
        place > 1 && parts[place] == "snapshots" && parts[place - 1].hasPrefix("models--")
      })
    else { return [inside] }
    return [inside, parts[..<snapshots].joined(separator: "/") + "/blobs/"]
  }
}
