internal import ByteFiles
internal import FlatFormats
internal import Tensors
internal import UnitCheckpoints

/// The tensors fit the holes of the stored graph or HDF5 file, so that the same file can be written again.
enum StoredGraphRule: ValidationRule {
  static let summary =
    "The places of tensors in a stored graph or HDF5 file are inside it and have the tensors' sizes."
  static let isOfIndex = true

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    // Another rule reports a record that cannot be read.
    // In a file of a set, the graph's small tensors may be in another file.
    guard let checkpoint = subject.checkpoint, checkpoint.part == nil,
      let source = try? checkpoint.sourceRecord(),
      let kind = FlatFormatKind(rawValue: source.kind), kind.isHollow
    else { return [] }
    // The graph was too large to be kept, so only its weights are stored.
    if source.shards.allSatisfy({ $0.header == nil && $0.holes == nil }) { return [] }
    func reported(
      _ location: String, _ expected: String, _ found: String, in place: String? = nil
    ) -> Finding {
      let place = place.map { $0 + ": " } ?? ""
      return subject.finding(.storedGraph, at: location, "\(place)expected \(expected), found \(found)")
    }
    if let number = source.shards.firstIndex(where: { $0.header == nil || $0.holes == nil }) {
      return [
        reported(
          "/tessera/source", "bytes and holes of file \(number)",
          source.shards[number].header == nil ? "holes without bytes" : "bytes without holes")
      ]
    }
    // The tensors of added inputs are not in the graph.
    let own = checkpoint.index.tensors[source.inputs[0].tensors]
    func found(_ problem: HollowFile.Problem) -> Finding {
      let header = source.shards.indices.contains(problem.file) ? source.shards[problem.file].header : nil
      return reported(
        "/tessera/headers/\(header ?? problem.file)", problem.expected, problem.found, in: problem.place)
    }
    if kind != .onnx {
      return HollowFile.problems(
        ofHDF5: subject.hollowFiles ?? [], kind: kind, path: checkpoint.path, filledBy: own.map(\.spec),
        digests: own.map(\.digest)
      ).map(found)
    }
    guard let stored = subject.storedModel else { return [] }
    do throws(FileError) {
      let problems = try HollowFile.problems(
        of: stored, filledBy: own.map(\.spec), digests: own.map(\.digest))
      return problems.map(found)
    } catch {
      subject.note(failure: error)
      return [subject.finding(.storedGraph, at: "/tessera/headers", "\(error)")]
    }
  }
}
