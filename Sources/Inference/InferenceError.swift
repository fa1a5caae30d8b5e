internal import ByteFiles
package import ONNXGraph
package import TensorStreams

/// The reason why a model cannot run.
package enum InferenceError: Error, Equatable, CustomStringConvertible {
  /// The model's file, or a tensor in it, has a defect.
  case graph(GraphError)
  /// A tensor that is not in the model's files could not be read.
  case source(SourceFailure)
  /// A node or an input (`place`) asks for something that is refused, or an input has a wrong value.
  case refused(kind: Kind, path: String, place: String, expected: String, found: String)

  package enum Kind: Sendable {
    /// The model breaks a rule of the operator or of the format.
    case invalid
    /// The model is valid, but uses an operator, a type or a feature that this version does not compute.
    case unsupported
    /// The model asks for more memory, trips or steps than the limits allow.
    case budget
    /// The caller has cancelled the run.
    case cancelled
  }

  /// A defect in the order of the model's nodes.
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

/// A problem that an operator finds; the interpreter adds the file and the node.
struct OperatorError: Error {
  var kind = InferenceError.Kind.invalid
  /// The tensor or attribute, in words; nil if it is the whole node.
  var subject: String?
  let expected: String
  let found: String
  /// The error of a graph that the operator ran; it has a place of its own.
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

  /// The error with its place, as the user reads it.
  func placed(_ place: String, path: String) -> InferenceError {
    if let inner { return inner }
    return .refused(
      kind: kind, path: path, place: subject.map { "\(place): \($0)" } ?? place, expected: expected,
      found: found)
  }
}
