internal import Tensors

/// A part of a file that is not among its tensors: its name, and the reason.
public struct LeftOut: Sendable, Equatable {
  /// What becomes of it when the tensors are written to another file.
  public enum Fate: Sendable {
    /// It is lost, and may be a part of the model.
    case lost
    /// It is kept if the other file stores the graph, and lost otherwise.
    case keptInGraph
    /// It is lost, and is not a part of the model; for example an optimizer's state.
    case apart
  }

  /// The name of the tensor, of the member, or of an object with several tensors.
  public let name: String
  /// A description and the reason, as the end of a sentence.
  public let why: String
  /// What becomes of it when the tensors are written to another file.
  public let fate: Fate

  /// A part with its name, description and fate.
  public init(_ name: String, _ why: String, _ fate: Fate = .lost) {
    self.name = name
    self.why = why
    self.fate = fate
  }

  /// One line: the name in quotes, and the reason.
  public var sentence: String { "\(TensorName(name).quoted): \(why)" }
}
