internal import FlatFormats

/// Every element of a tensor has its own place in the storage, so that writing one changes no other.
enum StridesRule: ValidationRule {
  static let summary = "No two elements of a tensor have the same place in its storage."
  static let subjects: RuleSubjects = .flat
  static let advice = "Call contiguous() or clone() on the tensor before it is saved."

  static func findings(in subject: FlatSubject) -> [Finding] {
    subject.remarks([.overlappingStrides], as: .strides, .warning)
  }
}
