internal import FlatFormats
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints

/// A file is not called sound for what nothing here has looked at.
///
/// The tensors of an optimizer are known and left out, which is worth knowing. What is beyond a limit, of a class that
/// is not read, or inside another archive, may be anything.
enum UnexaminedRule: ValidationRule {
  static let summary = "Everything in the file is looked at."
  static let advice = "Look at that part with another tool, or take it out of the file."
  static let subjects: RuleSubjects = [.checkpoint, .flat]
  static let flatDefects: Set<FlatFormatRule> = [
    .leftOut, .pickleLimit, .torchNesting, .torchPacked, .onnxCount, .onnxNesting, .shardsLimit,
    .safetensorsHeaderLimit,
  ]

  /// A checkpoint may have more than the layout says, and no reader looks at that.
  static func findings(in subject: CheckpointSubject) -> [Finding] {
    subject.examination.foreignParts().map { part in
      subject.finding(
        .unexamined, subject.options.strict ? .warning : .note, at: part.path,
        "expected what the layout has, found \(part.what), which no reader looks at")
    }
  }

  static func findings(in subject: FlatSubject) -> [Finding] {
    let remarks = subject.remarks([.unexamined], as: .unexamined, .warning)
    // A member may be left out by the reader, and not be looked into by what follows pickles.
    let known = Set(remarks.map(\.location))
    return remarks
      + (subject.source?.leftOut ?? []).compactMap { item in
        let place = TensorName(item.name).quoted
        if known.contains("member \(place)") { return nil }
        return subject.finding(
          .unexamined, item.fate == .apart ? .note : .warning, at: place,
          "expected a tensor that can be read, found \(item.why)")
      }
  }
}
