internal import ChannelFlow
internal import Planning
internal import SubNetworks
internal import TensorStreams
internal import Tensors
package import UnitModel

/// A plan: how a network is cut into units, and the units that each task uses at each level.
///
/// `schemas/plan.schema.json` defines the JSON format.
public struct UnitPlan: Sendable {
  package let plan: Plan
  /// The plan's name in messages.
  let path: String
  /// For a proposed plan: which axes are cut, what is left whole and why, and warnings about half cuts and about levels
  /// that cannot become a model's folder; else empty.
  public let notes: [String]

  /// Reads the plan in the file at `path`.
  public init(_ path: String) throws(TesseraError) {
    self.path = path
    notes = []
    plan = try TesseraError.wrapping { try PlanFile.read(path) }
  }

  /// Parses a plan from JSON text.
  public init(json: String) throws(TesseraError) {
    path = "plan"
    notes = []
    plan = try TesseraError.wrapping { try Plan(parsing: Array(json.utf8)) }
  }

  private init(
    _ proposed: ProposedPlan, for file: WeightsFile, _ levels: FolderLevels? = nil, hasGraph: Bool
  ) throws {
    if proposed.resolved.cutsNothing {
      throw TesseraError(
        .plan,
        "\(file.path): expected a tensor to cut, found none; give `cuts` or fewer units: "
          + proposed.words.joined(separator: "; "))
    }
    plan = proposed.plan
    path = "plan"
    let halfCuts = hasGraph || levels?.explainsCuts ?? false ? [] : proposed.resolved.halfCuts
    notes =
      proposed.words + (file.opened.folder == nil ? [] : levels?.sentences ?? [])
      + halfCuts.map { "half cut: \($0.sentence(.planAgain))" }
  }

  /// The plan as JSON.
  public var json: String {
    get throws(TesseraError) { try TesseraError.wrapping { try plan.text() } }
  }

  /// Proposes a plan for a file.
  ///
  /// With `cuts`, tensors are cut as these say, and a graph only checks the plan. Without `cuts`, the graph determines
  /// which channels must be cut together. If there is no graph either, the tensor names of a common architecture do;
  /// a config.json beside the file gives the number of heads. `tessera plan` has more options; `UnitPlan(_:)` reads the
  /// plans that it writes.
  ///
  /// - Parameters:
  ///   - file: the weights to cut.
  ///   - unitCount: k, the number of units.
  ///   - tasks: the names of the tasks. If empty: the graph's outputs if there are several, else one task, `all`.
  ///   - cuts: how tensors are cut, each as `tessera plan --cut` takes it: `"layer{}.up.weight=ffn{},-"`.
  /// - Throws: `TesseraError`, also if nothing can be cut.
  public static func proposed(
    for file: WeightsFile, unitCount: Int, tasks: [String] = [], cuts: [String] = []
  ) throws(TesseraError) -> UnitPlan {
    try TesseraError.wrapping {
      guard (1...Partition.unitLimit).contains(unitCount) else {
        throw TesseraError(
          .request, "unitCount: expected 1 to \(Partition.unitLimit), found \(unitCount)")
      }
      var request = PlanRequest(
        unitCount: unitCount, tasks: tasks.map { TaskID($0) }, cuts: try cuts.map(CutOption.init(parsing:)))
      let source = file.contents.source
      let specs = source.tensors.map(\.spec)
      if cuts.isEmpty, let network = try file.opened.network {
        let proposed = try request.propose(
          forGraph: network.model, specs: specs, options: FlowOptions(), supplier: network.whole)
        return try UnitPlan(proposed, for: file, hasGraph: true)
      }
      let configuration = try ModelConfiguration(beside: file.path)
      request.sizes = try file.opened.ownSizes ?? configuration?.sizes
      let proposed = try request.propose(for: specs, ties: source.ties)
      let network = try file.opened.network
      try network?.check(proposed.resolved)
      return try UnitPlan(
        proposed, for: file, configuration?.levels(of: proposed.resolved), hasGraph: network != nil)
    }
  }
}
