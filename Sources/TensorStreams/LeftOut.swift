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
    /// It is a part of the model in another file, and was not in this one.
    case elsewhere
  }

  /// The name of the tensor, of the member, or of an object with several tensors.
  public let name: String
  /// A description and the reason, as the end of a sentence.
  public let why: String
  /// What becomes of it when the tensors are written to another file.
  public let fate: Fate
  /// An instruction for getting it, as an imperative; nil if none is known.
  public let way: String?

  /// A part with its name, description and fate, and the way to get it.
  public init(_ name: String, _ why: String, _ fate: Fate = .lost, way: String? = nil) {
    self.name = name
    self.why = why
    self.fate = fate
    self.way = way
  }

  /// One line: the name in quotes, and the reason.
  public var sentence: String { "\(TensorName(name).quoted): \(why)" }
}
