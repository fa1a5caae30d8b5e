internal import Tensors
internal import UnitModel

/// The half cuts that names and sizes reveal in a plan for weights without a graph, as `plan` and `convert` print them.
enum HalfCutWords {
  /// More lines would not be read; `validate` lists all half cuts.
  private static let limit = 12

  /// - Parameter isExplained: whether a known architecture explains every cut, so that equal sizes mean nothing.
  static func sentences(
    _ resolved: ResolvedPlan, _ advice: HalfCut.Advice, isExplained: Bool
  ) -> [String] {
    let halfCuts = isExplained ? [] : resolved.halfCuts
    var sentences = halfCuts.prefix(limit).map { "warning: half cut: \($0.sentence(advice))" }
    if halfCuts.count > limit { sentences.append("warning: \(halfCuts.count - limit) more half cuts") }
    if let blocks = resolved.uncutBlocks { sentences.append("note: \(blocks)") }
    if resolved.partition.axes.contains(where: { !$0.isWhole }) {
      sentences.append("note: not proved: without a graph, only names and sizes are compared")
    }
    return sentences
  }
}

/// The message for a plan that cuts nothing.
enum NothingCut {
  /// One sentence about the plan of `source`; it ends with `way`, the next step.
  static func sentence(_ source: String, _ way: String) -> String {
    let sentence =
      "\(source): expected a tensor to cut, found none, so every level is the whole network; \(way)"
    return "tessera: \(PrintableText.line(sentence))"
  }

  /// A `--cut` option for the outputs of the largest tensor that has outputs.
  static func example(_ specs: [TensorSpec], hasPreset: Bool = false) -> String {
    guard let largest = specs.filter({ $0.shape.count > 1 }).max(by: { $0.elementCount < $1.elementCount })
    else { return "name the tensors to cut with --cut" }
    let output = largest.kernelOutput ?? 0
    let dimensions = largest.shape.indices.map { $0 == output ? "outputs" : "-" }.joined(separator: ",")
    return "name what to cut, such as --cut '\(largest.name.escaped)=\(dimensions)' with the tensor "
      + "that reads it"
      + (hasPreset ? "" : ", or a --preset")
  }
}
