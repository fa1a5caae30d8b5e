package import FlatFormats
internal import StrictJSON
internal import Tensors
package import UnitCheckpoints
package import UnitModel

extension CheckpointContents {
  /// What a unit checkpoint of `source` under `plan` is made of, and what the plan's author may want to know.
  ///
  /// - Parameter planPath: names the plan in messages.
  package static func cutting(
    _ source: any FlatWeightsSource, plan: Plan, planPath: String
  ) throws(ConversionError) -> (contents: CheckpointContents, notes: [PlanNote]) {
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
      tensors: resolved.partition.tensors,
      ties: source.tensors.map { $0.tiedTo.flatMap { places[$0] } },
      plan: text, source: Array(SourceRecord(source).text.utf8), headers: source.verbatim.map { [$0] } ?? [])
    return (contents, resolved.notes)
  }
}

/// What the checkpoint remembers of the flat file it was made from: no path, no time.
struct SourceRecord {
  let text: String

  init(_ source: any FlatWeightsSource) {
    let shard = JSONObject([
      .init(key: "tensors", value: JSONValue(source.tensors.count)),
      .init(key: "header", value: source.verbatim == nil ? nil : 0),
    ])
    let record = JSONObject([
      .init(key: "format", value: "tessera.source/1"),
      .init(key: "kind", value: .string(source.kind.rawValue)),
      .init(key: "shards", value: .array([.object(shard ?? JSONObject())])),
    ])
    // Only a number that is not finite cannot be written, and there is none.
    text = (try? JSONWriter.text(.object(record ?? JSONObject()), layout: .pretty)) ?? "{}\n"
  }
}
