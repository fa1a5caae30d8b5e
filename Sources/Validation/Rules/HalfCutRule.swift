internal import FlatFormats
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// The plan leaves no tensor whole that, by its name and size, has the channels of a tensor that is cut.
///
/// Applies to checkpoints without a graph: with one, `convert` checks the plan against it, which is more reliable than
/// names.
enum HalfCutRule: ValidationRule {
  static let summary = "No tensor is left whole beside one that is cut along the same channels."
  static let advice = "Add the cuts that the finding names to the plan, and convert the flat weights again."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint, let resolved = subject.placement.resolved,
      (try? checkpoint.sourceRecord())?.kind != FlatFormatKind.onnx.rawValue
    else { return [] }
    return resolved.halfCuts.map { halfCut in
      subject.finding(
        .halfCut, .warning, at: "tensor \((halfCut.tensors.first ?? halfCut.cut).quoted)",
        halfCut.sentence(.planAgain))
    }
  }
}
