internal import Tensors

/// Something that a file holds and that is not among its tensors: its name, and the reason.
public struct LeftOut: Sendable, Equatable {
  /// What becomes of it when the tensors are written to another file.
  public enum Fate: Sendable {
    /// It is lost, and may be a part of the model.
    case lost
    /// A file that keeps the graph keeps it; every other file loses it.
    case keptInGraph
    /// It is lost, and no part of the model: an optimizer's state.
    case apart
  }

  /// Of the tensor, the member, or what holds several tensors.
  public let name: String
  /// What it is, as the end of a sentence.
  public let why: String
  /// What becomes of it.
  public let fate: Fate

  /// Something of that name.
  public init(_ name: String, _ why: String, _ fate: Fate = .lost) {
    self.name = name
    self.why = why
    self.fate = fate
  }

  /// One line: the name in quotes, and the reason.
  public var sentence: String { "\(TensorName(name).quoted): \(why)" }
}
