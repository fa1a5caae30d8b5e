package import FlatFormats
internal import StrictJSON
internal import Tensors
package import UnitCheckpoints
package import UnitModel

extension CheckpointContents {
  /// What a unit checkpoint of `source` under `plan` is made of, and the plan as it holds for it.
  ///
  /// - Parameters:
  ///   - planPath: names the plan in messages.
  ///   - isCompressed: whether tensors are compressed.
  ///   - mayLose: whether the user has said that something may be lost.
  package static func cutting(
    _ source: any FlatWeightsSource, plan: Plan, planPath: String, isCompressed: Bool = false,
    mayLose: (LeftOut) -> Bool = { _ in false }
  ) throws(ConversionError) -> (contents: CheckpointContents, resolved: ResolvedPlan) {
    let hollow = try asConversion { () throws(FlatFormatError) in try source.hollowFiles() }
    try asConversion { () throws(FlatFormatError) in
      try source.requireWhole(keepsGraph: hollow != nil, mayLose: mayLose)
    }
    let specs = source.tensors.map(\.spec)
    var ties: [TensorName: TensorName] = [:]
    for tensor in source.tensors {
      if let tie = tensor.tiedTo { ties[tensor.spec.name] = tie }
    }
    let resolved: ResolvedPlan
    let text: [UInt8]
    do throws(PlanError) {
      resolved = try plan.resolve(against: specs, ties: ties)
      text = Array(try plan.filled().text().utf8)
    } catch { throw .plan(path: planPath, error) }
    var places: [TensorName: Int] = [:]
    for (index, spec) in specs.enumerated() { places[spec.name] = index }
    let contents = CheckpointContents(
      resolved, ties: source.tensors.map { $0.tiedTo.flatMap { places[$0] } }, text: text,
      source: Array(SourceRecord(source, hollow).text.utf8),
      headers: hollow?.map(\.bytes) ?? source.storedHeaders,
      shardIndex: source.shardSet?.index?.bytes, isCompressed: isCompressed)
    return (contents, resolved)
  }
}

extension FlatWeightsSource {
  /// The headers that bring the same files back.
  fileprivate var storedHeaders: [[UInt8]] {
    shardSet.map { $0.shards.map(\.header) } ?? verbatim.map { [$0] } ?? []
  }
}

/// What the checkpoint remembers of the flat file it was made from: no path, no time.
struct SourceRecord {
  let text: String

  init(_ source: any FlatWeightsSource, _ hollow: [HollowFile]?) {
    var shards: [JSONValue] = []
    if let hollow {
      // Tensors are told off to files by the holes, not by their order: all count for the model.
      for (number, file) in hollow.enumerated() {
        shards.append(
          Self.shard(
            tensors: number == 0 ? source.tensors.count : 0, header: number, name: file.name,
            holes: file.holes))
      }
    } else if let set = source.shardSet {
      for (number, shard) in set.shards.enumerated() {
        shards.append(Self.shard(tensors: shard.tensorCount, header: number, name: shard.name))
      }
    } else {
      shards = [
        Self.shard(tensors: source.tensors.count, header: source.verbatim == nil ? nil : 0, name: nil)
      ]
    }
    let index = source.shardSet?.index.flatMap { index in
      JSONObject([
        .init(key: "name", value: .string(index.name)),
        .init(key: "sha256", value: .string(SHA256Digest.of(index.bytes).description)),
      ])
    }
    let record = JSONObject(
      [
        .init(key: "format", value: "tessera.source/1"),
        .init(key: "kind", value: .string(source.kind.rawValue)),
        .init(key: "shards", value: .array(shards)),
      ] + Self.metadata(source.metadata) + (index.map { [.init(key: "index", value: .object($0))] } ?? []))
    // Only a number that is not finite cannot be written, and there is none.
    text = (try? JSONWriter.text(.object(record ?? JSONObject()), layout: .pretty)) ?? "{}\n"
  }

  /// The free text of the files, which a new file of the same family takes over; of a key that comes twice the first.
  private static func metadata(_ texts: [(key: String, value: String)]) -> [JSONMember] {
    var keys = Set<TensorName>()
    let members = texts.filter { keys.insert(TensorName($0.key)).inserted }
      .map { JSONMember(key: $0.key, value: .string($0.value)) }
    guard !members.isEmpty, let object = JSONObject(members) else { return [] }
    return [.init(key: "metadata", value: .object(object))]
  }

  private static func shard(
    tensors: Int, header: Int?, name: String?, holes: [HollowFile.Hole]? = nil
  ) -> JSONValue {
    let members = [
      JSONMember(key: "tensors", value: JSONValue(tensors)),
      JSONMember(key: "header", value: header.map { JSONValue($0) } ?? .null),
    ]
    let named = name.map { [JSONMember(key: "name", value: .string($0))] } ?? []
    let places = holes.map { holes in
      [
        JSONMember(
          key: "holes",
          value: .array(
            holes.map { .array([JSONValue($0.position), JSONValue($0.count), JSONValue($0.tensor)]) }))
      ]
    }
    return .object(JSONObject(members + named + (places ?? [])) ?? JSONObject())
  }
}
