internal import Tensors
internal import UnitModel

/// Warnings of half cuts, as `plan` and `convert` print them.
enum HalfCutWords {
  /// More would be read by no person; `validate` lists all of them.
  private static let limit = 12

  static func sentences(_ halfCuts: [HalfCut]) -> [String] {
    var sentences = halfCuts.prefix(limit).map { "warning: \($0)" }
    if halfCuts.count > limit { sentences.append("warning: \(halfCuts.count - limit) more half cuts") }
    return sentences
  }
}

/// The way on from a plan that cuts nothing.
enum CutExample {
  /// A `--cut` for the outputs of the largest tensor that has outputs.
  static func words(_ specs: [TensorSpec]) -> String {
    let presets = "a --preset"
    guard let largest = specs.filter({ $0.shape.count > 1 }).max(by: { $0.elementCount < $1.elementCount })
    else { return "say which tensors to cut with --cut" }
    let rest = largest.shape.dropFirst().map { _ in ",-" }.joined()
    return
      "say what to cut, such as --cut '\(largest.name.escaped)=outputs\(rest)' with what reads it, or \(presets)"
  }
}
