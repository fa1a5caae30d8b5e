package import StrictJSON
internal import Tensors
package import UnitModel

/// The levels of a plan, as folders that loaders can read.
package struct FolderLevels {
  /// Reasons why levels cannot become folders, with the levels.
  package private(set) var refusals: [(reason: String, levels: [String])] = []
  /// What the user should know before a level runs; nil if nothing.
  package private(set) var note: String?
  /// Whether all levels were looked at.
  package private(set) var isComplete = true

  /// Whether config.json describes every level, so that the architecture explains every cut.
  package var explainsCuts: Bool { isComplete && refusals.isEmpty }

  /// The most tensors, times levels.
  private static let limit = 200_000

  package init(of plan: ResolvedPlan, _ document: JSONObject, reasonAgainstCuts: String? = nil) {
    let whole = plan.partition.tensors.map(\.spec)
    let networks = plan.assignment.networks
    guard networks.count * whole.count <= Self.limit else {
      isComplete = false
      return
    }
    var cuts: [TensorName: [DimensionCut?]] = [:]
    for tensor in plan.partition.tensors { cuts[tensor.spec.name] = tensor.cuts }
    for network in networks {
      let part = plan.partition.tensors.compactMap { tensor in
        network.activeShape(of: tensor).flatMap {
          try? TensorSpec(name: tensor.spec.name, dtype: tensor.spec.dtype, shape: $0)
        }
      }
      do throws(PlanningError) {
        let change = try ModelChange(
          loadableFrom: whole, to: part, cuts: cuts, isActive: network.contains, document,
          reasonAgainstCuts: reasonAgainstCuts)
        note = note ?? change.note
      } catch {
        guard case .notLoadable(let reason) = error else { continue }
        let level = (plan.assignment.tasks.count > 1 ? "\(network.task.quoted) " : "") + network.levelText
        if let place = refusals.firstIndex(where: { $0.reason == reason }) {
          refusals[place].levels.append(level)
        } else {
          refusals.append((reason, [level]))
        }
      }
    }
  }

  /// The same for the user.
  package var sentences: [String] {
    if !isComplete {
      return [
        "the plan has so many levels and tensors that it is not checked whether each can become a folder"
      ]
    }
    return refusals.map { reason, levels in
      let shown = levels.prefix(4).joined(separator: ", ")
      let rest = levels.count > 4 ? " and \(levels.count - 4) more" : ""
      return
        "extract will write no folder for level\(levels.count == 1 ? "" : "s") \(shown)\(rest): \(reason)"
    } + [note].compactMap(\.self)
  }
}
