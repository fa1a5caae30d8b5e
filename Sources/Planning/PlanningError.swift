public import UnitModel

/// A reason why no plan can be proposed.
public enum PlanningError: Error, Hashable, Sendable {
  /// The text of an option has the wrong form.
  case badOption(option: String, text: String, expected: String, found: String)
  /// No tensor has the names of a preset; `fitting` is one whose names they have.
  case presetMatchesNothing(preset: String, example: String, nearest: String?, fitting: String?)
  /// The number of heads does not divide the channels of an attention layer.
  case headsDisagree(tensor: String, heads: Int, channels: Int)
  /// No config.json describes a sub-network; the text is the reason.
  case notLoadable(String)
  /// The graph cannot be followed; the text is a whole sentence.
  case graph(String)
  /// The plan does not fit the tensors.
  case plan(PlanError)
  /// The tensors do not fit the description, whatever the plan.
  case weights(PlanError)
}

extension PlanningError: CustomStringConvertible {
  /// One sentence: the place, what was expected, what was found.
  public var description: String {
    switch self {
    case .badOption(let option, let text, let expected, let found):
      "\(option) '\(text)': expected \(expected), found \(found)"
    case .presetMatchesNothing(let preset, let example, let nearest, let fitting):
      "--preset \(preset): expected tensors named like '\(example)', found none"
        + (fitting.map { "; the names are those of --preset \($0)" }
          ?? nearest.map { "; the nearest name is '\($0)'" } ?? "")
    case .headsDisagree(let tensor, let heads, let channels):
      "--heads \(heads): expected a number of heads that divides the \(channels) channels of '\(tensor)'"
        + Self.remainder(of: channels, by: heads)
    case .notLoadable(let reason): "the sub-network could not be loaded: \(reason)"
    case .graph(let sentence): sentence
    case .plan(let error), .weights(let error): "\(error)"
    }
  }
  /// The end of the sentence about heads. If the heads divide the channels of the queries, they do not divide those of
  /// the keys.
  private static func remainder(of channels: Int, by heads: Int) -> String {
    if heads < 1 { return ", found \(heads)" }
    let rest = channels % heads
    return rest > 0 ? ", found a remainder of \(rest)" : " and fits its keys, found \(heads)"
  }
}
