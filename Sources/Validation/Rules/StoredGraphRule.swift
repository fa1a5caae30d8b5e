internal import ByteFiles
internal import FlatFormats
internal import Tensors
internal import UnitCheckpoints

/// The tensors fit the holes of the stored graph, so that the same model can be written again.
enum StoredGraphRule: ValidationRule {
  static let summary =
    "The places of tensors in a stored graph are inside its files and have the tensors' sizes."
  static let isOfIndex = true

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    // Another rule reports a record that cannot be read.
    guard let checkpoint = subject.checkpoint, let source = try? checkpoint.sourceRecord(),
      source.kind == FlatFormatKind.onnx.rawValue
    else { return [] }
    // The graph was too large to be kept, so only its weights are stored.
    if source.shards.allSatisfy({ $0.header == nil && $0.holes == nil }) { return [] }
    func reported(_ location: String, _ expected: String, _ found: String) -> Finding {
      subject.finding(.storedGraph, at: location, "expected \(expected), found \(found)")
    }
    if let number = source.shards.firstIndex(where: { $0.header == nil || $0.holes == nil }) {
      return [
        reported(
          "/tessera/source", "bytes and holes of file \(number)",
          source.shards[number].header == nil ? "holes without bytes" : "bytes without holes")
      ]
    }
    guard let stored = subject.storedModel else { return [] }
    // The tensors of added inputs are not in the graph.
    let own = checkpoint.index.tensors[source.inputs[0].tensors]
    do throws(FileError) {
      let problems = try HollowFile.problems(
        of: stored, filledBy: own.map(\.spec), digests: own.map(\.digest))
      return problems.map { problem in
        let header = source.shards[problem.file].header ?? problem.file
        return subject.finding(
          .storedGraph, at: "/tessera/headers/\(header)",
          "\(problem.place): expected \(problem.expected), found \(problem.found)")
      }
    } catch {
      subject.note(failure: error)
      return [subject.finding(.storedGraph, at: "/tessera/headers", "\(error)")]
    }
  }
}
