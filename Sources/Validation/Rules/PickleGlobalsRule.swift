internal import FlatFormats

/// A pickle names what tensors are rebuilt with, and nothing else that an unrestricted loader would import and call.
enum PickleGlobalsRule: ValidationRule {
  static let summary = "A pickle names nothing but what PyTorch's weights-only loader rebuilds tensors with."
  static let subjects: RuleSubjects = .flat

  static func findings(in subject: FlatSubject) -> [Finding] {
    subject.remarks([.foreignGlobal], as: .pickleGlobals, .warning)
  }
}
