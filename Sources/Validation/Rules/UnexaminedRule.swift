internal import FlatFormats
internal import ONNXGraph
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints

/// Every part of the file is examined. A file with parts that were not examined cannot be called valid.
///
/// An optimizer's tensors are known and left out, so they are only a note. A part beyond a limit, of an unknown class,
/// or inside another archive may be anything. Other files of the same model are not parts of the file.
enum UnexaminedRule: ValidationRule {
  static let summary = "Every part of the file is examined."
  static let advice = "Examine that part with another tool, or remove it from the file."
  static let subjects: RuleSubjects = [.checkpoint, .flat]
  static let flatDefects: Set<FlatFormatRule> = [
    .leftOut, .pickleLimit, .torchNesting, .torchPacked, .shardsLimit, .safetensorsHeaderLimit, .hdf5Limit,
    .ggufLimit,
    .dcpLimit,
    .flaxLimit, .tensorflowLimit,
  ]
  static let graphDefects: Set<ONNXRule> = [.count, .nesting]

  /// A checkpoint may have objects outside the layout, which no reader examines, or tensors in other files.
  static func findings(in subject: CheckpointSubject) -> [Finding] {
    let apart = subject.options.part == .no ? subject.checkpoint?.part : nil
    return subject.examination.foreignParts().map { part in
      subject.finding(
        .unexamined, subject.options.strict ? .warning : .note, at: part.path,
        "expected only parts of the layout, found \(part.what), which no reader uses")
    }
      + [apart].compactMap(\.self).map { part in
        subject.finding(
          .unexamined, subject.options.strict ? .warning : .note, at: "/tessera/part",
          "expected a whole checkpoint, found part \(part.number) of \(part.count): tensors of other parts are not examined"
        )
      }
  }

  static func findings(in subject: FlatSubject) -> [Finding] {
    let remarks = subject.remarks([.unexamined], as: .unexamined, .warning)
    // The reader may leave out a member that the scan of pickles has already reported.
    let known = Set(remarks.map(\.location))
    let elsewhere = Set(subject.remarks([.hdf5Elsewhere, .hdf5SoftLink], as: .links, .note).map(\.location))
    return remarks + subject.remarks([.ranksUnknown], as: .unexamined, .note)
      + (subject.source?.leftOut ?? []).compactMap { item in
        if item.fate == .elsewhere { return nil }
        let place = TensorName(item.name).quoted
        if known.contains("member \(place)") || elsewhere.contains(place) { return nil }
        return subject.finding(
          .unexamined, item.fate == .apart ? .note : .warning, at: place,
          "expected only parts that a reader uses, found \(item.why)")
      }
  }
}
