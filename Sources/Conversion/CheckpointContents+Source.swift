package import ByteFiles
package import FlatFormats
package import TensorStreams
internal import Tensors
package import UnitCheckpoints
package import UnitModel

extension CheckpointContents {
  /// The contents of a unit checkpoint made from `source` and `plan`, and the plan resolved against the source.
  ///
  /// - Parameters:
  ///   - planPath: the plan's name in messages.
  ///   - fileName: the bare name of a single file that was opened as a folder.
  ///   - companions: the other files of the source's folder, which are stored too.
  ///   - added: other inputs; `plan` must have a task for each of them (`Plan.adding`).
  ///   - trained: `source` with the state of its optimizer, which `plan` must cut (`Plan.adding`); not together with
  ///     other inputs.
  ///   - isCompressed: whether tensors are compressed.
  ///   - mayLose: whether the user accepts the loss of something that is left out.
  package static func cutting(
    _ source: any FlatWeightsSource, plan: Plan, planPath: String, fileName: String? = nil,
    companions: [CompanionFile] = [], adding added: [AddedInput] = [], trained: TrainedWeights? = nil,
    isCompressed: Bool = false,
    mayLose: (LeftOut) -> Bool = { _ in false }
  ) throws -> (contents: CheckpointContents, resolved: ResolvedPlan) {
    let hollow = try source.hollowFiles()
    try source.requireWhole(keepsGraph: hollow != nil, mayLose: mayLose)
    for input in added { try input.requireWhole(mayLose: mayLose) }
    let joined: any TensorSource = trained ?? JoinedInputs(source, added)
    let specs = joined.tensors.map(\.spec)
    let resolved: ResolvedPlan
    let text: [UInt8]
    do throws(PlanError) {
      resolved = try plan.resolve(against: specs, ties: joined.ties)
      text = Array(try plan.filled().text().utf8)
    } catch { throw ConversionError.plan(path: planPath, error) }
    if trained != nil, let (tensor, what) = OptimizerPlacement(resolved.partition).difference {
      throw ConversionError.optimizer(
        path: planPath, expected: "the plan to give \(tensor.quoted) the \(what) of its parameter",
        found: "other \(what)")
    }
    let places = joined.places
    var headers = StoredHeaders()
    let own = SourceRecord(source, hollow, fileName, companions, &headers)
      .with(
        trained.map { trained in
          SourceRecord.Optimizer(
            tensorCount: trained.optimizer.tensors.count, header: headers.add(trained.optimizer.state.bytes))
        })
    let others = added.map { input in
      SourceRecord.Added(
        name: input.name,
        record: SourceRecord(input.source, nil, input.fileName, input.companions, &headers, isAdded: true))
    }
    let record = own.adding(others)
    let contents = CheckpointContents(
      resolved, ties: joined.tensors.map { $0.tiedTo.flatMap { places[$0] } }, text: text,
      source: Array(record.text.utf8), headers: headers.all,
      shardIndex: source.shardSet?.index?.bytes, isCompressed: isCompressed)
    return (contents, resolved)
  }
}

/// The bytes that a checkpoint stores about its files, in the order of their numbers.
private struct StoredHeaders {
  private(set) var all: [[UInt8]] = []
  private var companions: [SHA256Digest: Int] = [:]

  /// Adds bytes that no other file has, and returns their number.
  mutating func add(_ bytes: [UInt8]) -> Int {
    all.append(bytes)
    return all.count - 1
  }

  /// The number of a companion's bytes. Adapters of one model have the same tokenizer, which is stored once.
  mutating func number(ofCompanion bytes: [UInt8], _ digest: SHA256Digest) -> Int {
    if let known = companions[digest] { return known }
    let number = add(bytes)
    companions[digest] = number
    return number
  }
}

extension SourceRecord {
  /// - Parameters:
  ///   - hollow: the files of the graph, without the elements of tensors.
  ///   - headers: receives the bytes with which a conversion back can write the same files again.
  ///   - isAdded: whether the input was added to another, whose index of shards has its own place in the layout.
  fileprivate init(
    _ source: any FlatWeightsSource, _ hollow: [HollowFile]?, _ fileName: String?,
    _ companions: [CompanionFile], _ headers: inout StoredHeaders, isAdded: Bool = false
  ) {
    let shards: [Shard]
    if let hollow {
      // The holes show which file has a tensor, but not its order; so all tensors are counted in the first file, the
      // model.
      shards = hollow.enumerated().map { number, file in
        Shard(
          tensorCount: number == 0 ? source.tensors.count : 0, header: headers.add(file.bytes),
          name: file.name, holes: file.holes)
      }
    } else if let set = source.shardSet {
      shards = set.shards.map { shard in
        Shard(tensorCount: shard.tensorCount, header: headers.add(shard.header), name: shard.name)
      }
    } else {
      shards = [
        Shard(
          tensorCount: source.tensors.count, header: source.verbatim.map { headers.add($0) }, name: fileName)
      ]
    }
    let index = source.shardSet?.index.map {
      Index(
        name: $0.name, digest: SHA256Digest.of($0.bytes).description,
        header: isAdded ? headers.add($0.bytes) : nil)
    }
    let files = companions.map { file in
      let digest = SHA256Digest.of(file.bytes)
      return File(
        name: file.name, header: headers.number(ofCompanion: file.bytes, digest), digest: digest.description)
    }
    self.init(
      kind: source.kind.rawValue, shards: shards, index: index,
      metadata: source.isMetadataWhole ? source.metadata : [], files: files)
  }
}
