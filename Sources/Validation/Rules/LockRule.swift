/// The digests in each `tessera.lock`; `ProjectRule` gives the findings.
enum LockRule: ValidationRule {
  static let summary = "The file and its tensors have the digests in tessera.lock (--locked)."
  static let subjects: RuleSubjects = [.checkpoint, .flat]
  static let isOfProject = true
  static let advice = "Fetch the file again; if the change is intended, run 'tessera lock' again."
}
