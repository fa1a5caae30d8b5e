internal import FlatFormats
internal import Tensors
internal import UnitCheckpoints

/// What the checkpoint remembers of its flat files can be read, and each stored header describes exactly the tensors of
/// its shard: only then does the same file come back.
enum SourceHeaderRule: ValidationRule {
  static let summary = "The record of the flat files can be read, and stored headers describe their tensors."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint else { return [] }
    let source: StoredSource
    do throws(CheckpointError) { source = try checkpoint.storedSource() } catch {
      return [subject.finding(error, at: "/tessera/source")]
    }
    var findings: [Finding] = []
    var first = 0
    for shard in source.shards {
      // The record has been checked against the index: ranges and numbers are in bounds.
      let specs = checkpoint.index.tensors[first..<first + shard.tensorCount].map(\.spec)
      first += shard.tensorCount
      guard let header = shard.header, let kind = FlatFormatKind(rawValue: source.kind) else { continue }
      do throws(FlatFormatError) {
        try FlatFormats.checkVerbatim(
          checkpoint.headers[header], of: kind, describes: specs, path: checkpoint.path)
      } catch {
        guard case .refused(let rule, _, let place, let expected, let found) = error else { continue }
        findings.append(
          Finding(
            .sourceHeader, file: checkpoint.path, location: "/tessera/headers/\(header)",
            message: "\(place): expected \(expected), found \(found)", defect: rule.rawValue))
      }
    }
    if FlatFormatKind(rawValue: source.kind) == nil {
      findings.append(
        subject.finding(
          .sourceHeader, .note, at: "/tessera/source",
          "expected a format that is known here, found \(TensorName(source.kind).quoted)"))
    }
    return findings
  }
}
