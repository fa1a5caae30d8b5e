internal import FlatFormats

/// The nodes of every graph of a model can run one after another.
enum GraphRule: ValidationRule {
  static let summary =
    "Exactly one node makes each value of a graph, and the nodes have no cycle."
  static let subjects: RuleSubjects = .flat
  static let advice = "Check the model with onnx.checker and export it again."

  static func findings(in subject: FlatSubject) -> [Finding] {
    subject.remarks([.graphOrder], as: .graph, .error)
  }
}
