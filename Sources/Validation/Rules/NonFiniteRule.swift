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
    guard let checkpoint = subject.checkpoint,
      !isOfProject([subject.examination.path], subject.options)
    else { return [] }
    return subject.bytes.compactMap { tensor, found in
      note(found.nonFinite, checkpoint.index.tensors[tensor].spec, subject.options, subject.finding)
    }
  }

  static func findings(in subject: FlatSubject) -> [Finding] {
    guard let source = subject.source, !isOfProject(subject.paths, subject.options) else { return [] }
    return subject.bytes.compactMap { tensor, found in
      note(found.nonFinite, source.tensors[tensor].spec, subject.options, subject.finding)
    }
  }

  private static func note(
    _ found: NonFiniteCount, _ spec: TensorSpec, _ options: ValidationOptions,
    _ finding: (RuleID, Severity, String, String) -> Finding
  ) -> Finding? {
    words(found, spec, options).map { finding(.nonFinite, .note, place(of: spec), "found \($0)") }
  }

  /// The counts of a tensor's values that are not finite; nil if there are none.
  static func words(_ found: NonFiniteCount, _ spec: TensorSpec, _ options: ValidationOptions) -> String? {
    let isMask = options.maskPatterns.contains { $0.match(spec.name.text) != nil }
    let count = isMask ? found.withoutNegative : found
    return count.isZero ? nil : "\(count.words) of \(spec.elementCount.grouped) elements"
  }

  /// Whether the project's rule reports such values instead. A severity from the command line has precedence.
  static func isOfProject(_ paths: [String], _ options: ValidationOptions) -> Bool {
    options.severities[.nonFinite] == nil && options.project?.nonFinite(in: paths) != nil
  }
}
