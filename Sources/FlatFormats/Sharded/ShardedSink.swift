internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// Writes sharded safetensors: each shard, then the index. All files are renamed to their places at the end.
///
/// Then it removes shards of the replaced set, the set of the index with the same name, that the new set does not have.
final class ShardedSink: TensorSink {
  let order: [Int]
  private let contents: SinkContents
  private let layout: ShardLayout
  private let destination: ShardDestination
  private let files: AtomicFileSet
  private let memory = GatherMemory()
  private var progress: SinkProgress
  private let sources: Set<FileIdentity>

  /// The number of shards that have been begun; the last one may be unfinished.
  private var begun = 0
  private var current: SafetensorsSink?
  /// The number of bytes that the current shard still needs.
  private var missing = 0

  init(_ contents: SinkContents) throws(FlatFormatError) {
    let set = contents.shardSize == nil ? contents.shardSet : nil
    destination = try ShardDestination(contents.path, repeating: set)
    if let set {
      layout = try ShardLayout(repeating: set, contents, stem: destination.stem)
    } else {
      layout = try ShardLayout(
        splitting: contents, size: contents.shardSize ?? ShardLayout.defaultSize, stem: destination.stem)
    }
    self.contents = contents
    order = layout.order
    guard !contents.specs.isEmpty else {
      throw contents.refusal(.shardsLimit, "tensors", expected: "at least one to divide", found: "none")
    }
    try Self.requireReadable(layout, contents)
    progress = SinkProgress(contents, order: order)
    sources = Set(contents.sourceFiles.compactMap(FileIdentity.init(path:)))
    let companions = contents.companions.map(\.name)
    let names = layout.shards.map(\.name)
    try Self.requireBare(contents, beside: names + [destination.index])
    if layout.index == nil {
      try destination.requireNoIndex()
    } else if contents.isModelFolder {
      try destination.requireNoSingleFile(names)
    }
    for name in names + companions + [destination.index] {
      try Self.requireNoSource(sources, destination.folder.file(name))
    }
    if !contents.replacing { try destination.requireFree(names + companions) }
    try destination.requireOwn(names)
    let (folder, index) = (destination.folder.path, destination.index)
    let last = layout.index == nil ? names.last ?? index : index
    files = try asFlatFormat { () throws(FileError) in
      try AtomicFileSet(folder: folder, names: companions + names.filter { $0 != last }, last: last)
    }
    for name in destination.folder.shards(of: index) {
      try Self.requireNoSource(sources, destination.folder.file(name))
    }
  }

  deinit {
    // An unfinished shard removes its temporary file first; then the set removes its folder.
    current = nil
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws(FlatFormatError) {
    try progress.advance(by: bytes.count)
    var rest = bytes[...]
    while !rest.isEmpty {
      while missing == 0 { try beginNext() }
      let piece = rest.prefix(missing)
      try current?.append(UnsafeRawBufferPointer(rebasing: piece))
      missing -= piece.count
      rest = rest.dropFirst(piece.count)
    }
  }

  func finish() throws(FlatFormatError) {
    try progress.requireEnd()
    // The shards after the last byte have no data and are not begun yet.
    while begun < layout.shards.count { try beginNext() }
    try current?.finish()
    current = nil
    files.lockFolder()
    let stale = try destination.stale(beside: layout.shards.map(\.name))
    let index = layout.index.map { CompanionFile(name: destination.index, bytes: $0) }
    try asFlatFormat { () throws(FileError) in
      for own in contents.companions + [index].compactMap(\.self) {
        let file = try files.file(own.name)
        try file.write(own.bytes, at: 0)
        try file.commit()
      }
      try files.commit(removing: stale)
    }
  }

  /// Completes the current shard and begins the next one, which must exist according to `progress`.
  private func beginNext() throws(FlatFormatError) {
    try current?.finish()
    current = nil
    guard begun < layout.shards.count else {
      throw contents.refusal(.sinkTooMuch, "end of the tensors", expected: "no more bytes", found: "more")
    }
    let shard = layout.shards[begun]
    begun += 1
    missing = shard.byteCount
    let file = try asFlatFormat { () throws(FileError) in try files.file(shard.name) }
    current = try SafetensorsSink(
      contents.shard(shard.tensors), header: shard.header, order: shard.order, file: file, memory: memory)
  }

  /// Checks that readers accept the index and the headers together; each shard is read back when it is written.
  private static func requireReadable(_ layout: ShardLayout, _ contents: SinkContents) throws(FlatFormatError)
  {
    if let index = layout.index {
      var problems = ShardProblems()
      _ = try ShardIndex(parsing: index, path: contents.path, problems: &problems)
      if let first = problems.errors.first { throw first }
    }
    let headers = layout.shards.reduce(0) { $0 + $1.header.count }
    guard headers <= ShardedSource.headerLimit else {
      throw contents.refusal(
        .shardsLimit, "shards",
        expected: "headers of at most \(ShardedSource.headerLimit.grouped) bytes together",
        found: "\(headers.grouped)")
    }
  }

  /// Checks the names of the files beside the shards: they may come from a checkpoint.
  private static func requireBare(_ contents: SinkContents, beside names: [String]) throws(FlatFormatError) {
    var seen = Set(names.map { TensorName($0) })
    for file in contents.companions {
      guard FolderCompanions.isKnown(file.name) else {
        throw contents.refusal(
          .shardsName, "file \(TensorName(file.name).quoted)",
          expected: "the bare name of a file beside the weights", found: "another name")
      }
      guard seen.insert(TensorName(file.name)).inserted else {
        throw contents.refusal(
          .shardsName, "file \(TensorName(file.name).quoted)", expected: "every name once", found: "it twice")
      }
    }
  }

  private static func requireNoSource(_ sources: Set<FileIdentity>, _ path: String) throws(FlatFormatError) {
    guard let identity = FileIdentity(path: path), sources.contains(identity) else { return }
    throw .refused(
      .shardsOverSource, path: path, place: "file",
      expected: "a destination that replaces no file of the source",
      found: "one of its files")
  }
}
