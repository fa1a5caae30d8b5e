internal import FlatFormats
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// The checkpoint's record of its flat files can be read, and each stored header describes exactly the tensors of its
/// shard, so that the same files can be written again.
enum SourceHeaderRule: ValidationRule {
  static let summary =
    "The record of the flat files can be read, and stored headers describe their tensors. An optimizer's moments are cut like their parameters."
  static let isOfIndex = true
  static let isOfHeaders = true
  static let defects: Set<CheckpointDefect> = [.headersChecksum, .source, .sourceHeaders, .shardIndex]

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint else { return [] }
    let source: SourceRecord
    let headers: [[UInt8]]
    do throws(CheckpointError) {
      headers = try checkpoint.headers()
      source = try checkpoint.sourceRecord()
      for input in source.inputs { _ = try checkpoint.companions(of: input.record) }
    } catch {
      return [subject.finding(error, at: "/tessera/source")]
    }
    return source.inputs.flatMap { findings(for: $0, headers, checkpoint, subject) }
      + optimizerFindings(source, headers, checkpoint, subject)
  }

  /// Findings on the state of an optimizer: its record must be about its tensors, each moment must belong to the units
  /// and tasks of a parameter and, if it has the parameter's shape, be cut like it.
  private static func optimizerFindings(
    _ source: SourceRecord, _ headers: [[UInt8]], _ checkpoint: UnitCheckpoint, _ subject: CheckpointSubject
  ) -> [Finding] {
    guard let stored = source.optimizer, let numbers = source.optimizerTensors else { return [] }
    let place = "/tessera/headers/\(stored.header)"
    let names = checkpoint.index.tensors.map(\.spec.name)
    do throws(OptimizerState.Unreadable) {
      _ = try OptimizerState(
        parsing: headers[stored.header], weights: names[..<numbers.lowerBound], own: Array(names[numbers]))
    } catch {
      return [
        subject.finding(.sourceHeader, at: place, "expected \(error.expected), found \(error.found)")
      ]
    }
    guard let partition = subject.placement.resolved?.partition else { return [] }
    let placement = OptimizerPlacement(partition)
    var findings: [Finding] = []
    if let (tensor, what) = placement.difference {
      findings.append(
        subject.finding(
          .sourceHeader, at: "tensor \(tensor.quoted)",
          "expected the \(what) of its parameter, found other \(what)"))
    }
    return findings
      + placement.uncut.map { tensor, parameter in
        subject.finding(
          .sourceHeader, .note, at: "tensor \(tensor.quoted)",
          "expected the shape of its parameter \(parameter.quoted), found another, so it is stored whole")
      }
  }

  /// Findings on one input's headers, shards and format.
  private static func findings(
    for input: SourceRecord.Input, _ headers: [[UInt8]], _ checkpoint: UnitCheckpoint,
    _ subject: CheckpointSubject
  ) -> [Finding] {
    let source = input.record
    let all = checkpoint.specs(of: input)
    var findings: [Finding] = []
    var first = 0
    for shard in source.shards {
      // The record was compared with the index, so ranges and numbers are valid.
      let specs = Array(all[first..<first + shard.tensorCount])
      first += shard.tensorCount
      guard let header = shard.header, let kind = FlatFormatKind(rawValue: source.kind) else { continue }
      do throws(FlatFormatError) {
        try FlatFormats.checkVerbatim(
          headers[header], of: kind, describes: specs, path: checkpoint.path)
        if kind == .safetensors {
          let texts = try FlatFormats.metadata(
            ofVerbatim: headers[header], path: checkpoint.path,
            bodySize: specs.reduce(0) { $0 &+ $1.byteCount })
          if !texts.elementsEqual(source.metadata, by: { $0 == $1 }) {
            findings.append(
              subject.finding(
                .sourceHeader, at: "/tessera/source",
                "expected the metadata of /tessera/headers/\(header), found different metadata"))
          }
        }
      } catch {
        guard case .broken(let defect, _, let place, let expected, let found) = error else { continue }
        findings.append(
          Finding(
            .sourceHeader, file: checkpoint.path, location: "/tessera/headers/\(header)",
            message: "\(place): expected \(expected), found \(found)", defect: defect.id))
      }
    }
    if source.kind == FlatFormatKind.shardedSafetensors.rawValue, findings.isEmpty {
      findings += shardFindings(source, all, headers, checkpoint, subject)
    }
    if FlatFormatKind(rawValue: source.kind) == nil {
      findings.append(
        subject.finding(
          .sourceHeader, .note, at: "/tessera/source",
          "expected a known format, found \(TensorName(source.kind).quoted)"))
    }
    return findings
  }

  /// Findings on shard names that are paths out of the folder, and on an index that disagrees with the shards' headers.
  private static func shardFindings(
    _ source: SourceRecord, _ specs: [TensorSpec], _ headers: [[UInt8]], _ checkpoint: UnitCheckpoint,
    _ subject: CheckpointSubject
  ) -> [Finding] {
    func reported(_ message: String, _ defect: FlatDefect) -> [Finding] {
      [
        Finding(
          .sourceHeader, file: checkpoint.path, location: "/tessera/source", message: message,
          defect: defect.id)
      ]
    }
    var shards: [ShardSet.Shard] = []
    for shard in source.shards {
      guard let name = shard.name, let header = shard.header else {
        return reported(
          "expected the name and the header of every shard, found a shard without", .format(.shardsVerbatim))
      }
      shards.append(
        ShardSet.Shard(name: name, tensorCount: shard.tensorCount, header: headers[header]))
    }
    do throws(CheckpointError) {
      let index = try source.index.map { (index) throws(CheckpointError) in
        ShardSet.Index(name: index.name, bytes: try checkpoint.shardIndexBytes(index))
      }
      do throws(FlatFormatError) {
        try FlatFormats.checkShards(
          ShardSet(shards: shards, index: index), describes: specs,
          path: checkpoint.path)
        return []
      } catch {
        guard case .broken(let defect, _, let place, let expected, let found) = error else { return [] }
        return reported("\(place): expected \(expected), found \(found)", defect)
      }
    } catch { return [subject.finding(error, at: "/tessera/source")] }
  }
}
