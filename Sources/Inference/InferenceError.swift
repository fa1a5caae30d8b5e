internal import ByteFiles
package import ONNXGraph
package import TensorStreams

/// Why a model could not be run.
package enum InferenceError: Error, Equatable, CustomStringConvertible {
  /// The model's file, or its tensors.
  case graph(GraphError)
  /// Tensors that are not in the model's files.
  case source(SourceFailure)
  /// What the model asks for at `place` (a node, an input), or what it was given.
  case refused(kind: Kind, path: String, place: String, expected: String, found: String)

  package enum Kind: Sendable {
    /// The model breaks a rule of the operator or of the format.
    case invalid
    /// The model is sound, and asks for what is not built here.
    case unsupported
    /// The model asks for more memory, trips or steps than it may have.
    case budget
  }

  /// What is wrong with the order of a model's nodes.
  package init(_ defect: GraphDefect, in model: Model) {
    self = .refused(
      kind: .invalid, path: model.file.path, place: defect.place, expected: defect.expected,
      found: defect.found)
  }

  package var description: String {
    switch self {
    case .graph(let error): error.description
    case .source(let failure): failure.description
    case .refused(_, let path, let place, let expected, let found):
      "\(path): \(place): expected \(expected), found \(found)"
    }
  }
}

/// What an operator finds wrong; the interpreter adds file and node.
struct OperatorError: Error {
  var kind = InferenceError.Kind.invalid
  /// The tensor or attribute, in words; nil for the node as a whole.
  var subject: String?
  let expected: String
  let found: String
  /// What went wrong within a graph that the operator ran, with its own place.
  var inner: InferenceError?

  init(_ expected: String, found: String, subject: String? = nil, kind: InferenceError.Kind = .invalid) {
    self.kind = kind
    self.subject = subject
    self.expected = expected
    self.found = found
  }

  init(inner: InferenceError) {
    expected = ""
    found = ""
    self.inner = inner
  }

  static func unsupported(_ expected: String, found: String) -> OperatorError {
    OperatorError(expected, found: found, kind: .unsupported)
  }

  /// The error as the user reads it.
  func placed(_ place: String, path: String) -> InferenceError {
    if let inner { return inner }
    return .refused(
      kind: kind, path: path, place: subject.map { "\(place): \($0)" } ?? place, expected: expected,
      found: found)
  }
}
