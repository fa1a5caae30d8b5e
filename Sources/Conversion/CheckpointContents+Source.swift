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
  ///   - isCompressed: whether tensors are compressed.
  ///   - mayLose: whether the user accepts the loss of something that is left out.
  package static func cutting(
    _ source: any FlatWeightsSource, plan: Plan, planPath: String, fileName: String? = nil,
    companions: [CompanionFile] = [],
    isCompressed: Bool = false,
    mayLose: (LeftOut) -> Bool = { _ in false }
  ) throws -> (contents: CheckpointContents, resolved: ResolvedPlan) {
    let hollow = try source.hollowFiles()
    try source.requireWhole(keepsGraph: hollow != nil, mayLose: mayLose)
    let specs = source.tensors.map(\.spec)
    let resolved: ResolvedPlan
    let text: [UInt8]
    do throws(PlanError) {
      resolved = try plan.resolve(against: specs, ties: source.ties)
      text = Array(try plan.filled().text().utf8)
    } catch { throw ConversionError.plan(path: planPath, error) }
    let places = source.places
    let contents = CheckpointContents(
      resolved, ties: source.tensors.map { $0.tiedTo.flatMap { places[$0] } }, text: text,
      source: Array(SourceRecord(source, hollow, fileName, companions).text.utf8),
      headers: (hollow?.map(\.bytes) ?? source.storedHeaders) + companions.map(\.bytes),
      shardIndex: source.shardSet?.index?.bytes, isCompressed: isCompressed)
    return (contents, resolved)
  }
}

extension FlatWeightsSource {
  /// The headers with which a conversion back can write the same files again.
  fileprivate var storedHeaders: [[UInt8]] {
    shardSet.map { $0.shards.map(\.header) } ?? verbatim.map { [$0] } ?? []
  }
}

extension SourceRecord {
  /// - Parameter hollow: the files of the graph, without the elements of tensors.
  fileprivate init(
    _ source: any FlatWeightsSource, _ hollow: [HollowFile]?, _ fileName: String?,
    _ companions: [CompanionFile]
  ) {
    let shards: [Shard]
    if let hollow {
      // The holes show which file has a tensor, but not its order; so all tensors are counted in the first file, the
      // model.
      shards = hollow.enumerated().map { number, file in
        Shard(
          tensorCount: number == 0 ? source.tensors.count : 0, header: number, name: file.name,
          holes: file.holes)
      }
    } else if let set = source.shardSet {
      shards = set.shards.enumerated().map { number, shard in
        Shard(tensorCount: shard.tensorCount, header: number, name: shard.name)
      }
    } else {
      shards = [
        Shard(tensorCount: source.tensors.count, header: source.verbatim == nil ? nil : 0, name: fileName)
      ]
    }
    self.init(
      kind: source.kind.rawValue, shards: shards,
      index: source.shardSet?.index.map {
        Index(name: $0.name, digest: SHA256Digest.of($0.bytes).description)
      }, metadata: source.metadata,
      files: companions.enumerated().map { number, file in
        // Their bytes follow those of the shards' headers.
        File(
          name: file.name, header: shards.count { $0.header != nil } + number,
          digest: SHA256Digest.of(file.bytes).description)
      })
  }
}
