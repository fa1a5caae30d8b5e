internal import FlatFormats
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// Weights that are NaN or infinite are kept bit for bit, and get a note.
enum NonFiniteRule: ValidationRule {
  static let summary = "Weights are finite."
  static let subjects: RuleSubjects = [.checkpoint, .flat]
  static let isDeep = true
  static let advice =
    "Find the step of training or conversion that made them. For masks, name the tensors in --allow-minus-infinity."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint else { return [] }
    return subject.bytes.compactMap { tensor, found in
      note(found.nonFinite, checkpoint.index.tensors[tensor].spec, subject.options, subject.finding)
    }
  }

  static func findings(in subject: FlatSubject) -> [Finding] {
    subject.bytes.compactMap { tensor, found in
      guard let source = subject.source else { return nil }
      return note(found.nonFinite, source.tensors[tensor].spec, subject.options, subject.finding)
    }
  }

  private static func note(
    _ found: NonFiniteCount, _ spec: TensorSpec, _ options: ValidationOptions,
    _ finding: (RuleID, Severity, String, String) -> Finding
  ) -> Finding? {
    let isMask = options.maskPatterns.contains { $0.match(spec.name.text) != nil }
    let count = isMask ? found.withoutNegative : found
    if count.isZero { return nil }
    return finding(
      .nonFinite, .note, place(of: spec), "found \(count.words) of \(spec.elementCount.grouped) elements")
  }
}
