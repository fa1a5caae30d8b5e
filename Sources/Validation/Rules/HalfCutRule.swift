internal import ByteFiles
internal import FlatFormats
internal import Planning
internal import StrictJSON
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// The plan leaves no tensor whole that, by its name and size, has the channels of a cut tensor.
///
/// It applies to checkpoints without a graph. If there is a graph, `convert` checks the plan against it, which is more
/// reliable than names.
enum HalfCutRule: ValidationRule {
  static let summary = "No tensor is left whole if another one with the same channels is cut."
  static let advice = "Add the cuts that the finding names to the plan, and convert the flat weights again."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint, let resolved = subject.placement.resolved,
      (try? checkpoint.sourceRecord())?.kind != FlatFormatKind.onnx.rawValue
    else { return [] }
    // A known architecture knows which tensors have which channels, and equal sizes mean nothing.
    if let file = (try? checkpoint.companions())?.first(where: { $0.name == "config.json" }),
      case .object(let document)? = try? JSONParser(sizeLimit: FolderSubject.configurationLimit).parse(
        file.bytes),
      FolderLevels(of: resolved, document).explainsCuts
    {
      return []
    }
    return resolved.halfCuts.map { halfCut in
      subject.finding(
        .halfCut, .warning, at: "tensor \((halfCut.tensors.first ?? halfCut.cut).quoted)",
        halfCut.sentence(.planAgain))
    }
  }
}
