/// The digests in the signature of a model, which are compared after the other rules.
enum SignatureRule: ValidationRule {
  static let summary = "The files have the digests in the model's signature (--signature)."
  static let subjects: RuleSubjects = [.checkpoint, .flat]
  static let isOfProject = true
  static let advice = "Fetch the file again; if the change is intended, the model must be signed again."
}
