internal import Planning
internal import StrictJSON
internal import Tensors

/// A model's config.json describes its tensors: a loader builds the model that the weights are of.
///
/// An error means that transformers refuses the folder, leaves tensors at random numbers, ignores tensors, or computes
/// another function. The numbers of heads are compared as far as shapes show them: without `head_dim`, grouped keys or
/// a norm over each head, another number of heads that divides the width fits all shapes.
enum ConfigurationRule: ValidationRule {
  static let summary =
    "The config.json of a model's folder describes its tensors."
  static let subjects: RuleSubjects = .folder
  static let advice =
    "Correct the number in config.json, or convert or download the weights again; both must be of the same model."

  static func findings(in subject: FolderSubject) -> [Finding] {
    guard let check = subject.check, let weights = subject.weights else {
      guard let document = subject.document("config.json"), subject.weights != nil,
        // The rule of parts compares a dense layer of sentence-transformers.
        document["in_features"] == nil
      else { return [] }
      let found = document["_class_name"] == nil ? "none" : "a configuration of diffusers"
      return [
        subject.finding(
          .unexamined, subject.note, "config.json", "",
          "expected model_type, found \(found): the file is not compared with the tensors")
      ]
    }
    return check.disagreements.map { item in
      let severity: Severity = item.isHarmless ? .note : .error
      let message = "expected \(item.expected), found \(item.found)"
      switch item.place {
      case .key(let key): return subject.finding(.configuration, severity, "config.json", key, message)
      case .tensor(let name):
        return Finding(
          .configuration, severity, file: weights.path, location: "tensor \(name.quoted)", message: message)
      }
    } + check.unexamined.map { subject.finding(.unexamined, subject.note, "config.json", "", $0) }
  }
}
