package import Accounting
package import Tensors
package import UnitModel

/// The output of `count`: the rows of one file under each policy.
package struct CountReport: Sendable {
  /// The path as the user gave it.
  package let file: String
  /// The kind as in `inspect`, or `plan`.
  package let kind: String
  /// k; nil for a file that is not cut into units.
  package let unitCount: Int?
  /// The parts of the file that are not counted.
  package let leftOut: LeftOutList
  /// The tasks of the file, in its order.
  package let tasks: [TaskID]
  package let policies: [Table]
  /// The results of the claims; nil without claims.
  package let claims: [CheckedClaim]?
  /// Every tensor with its role; nil if they were not requested.
  package let tensors: [(name: TensorName, role: ClassifiedRole)]?

  /// Tensors in which several elements are packed in an unknown way, and the reason why they count as stored.
  package let packed: [(name: TensorName, reason: String)]

  /// The number of experts for each token; nil if no policy needs it, or if it is unknown.
  package let expertsPerToken: Int?

  /// The parameters and the work of a graph's nodes; nil if they were not requested.
  package let layers: LayerTable?

  /// The work of the networks; nil if it was not requested.
  package let work: WorkTable?

  /// How a budget of work selected the networks; nil without such a budget.
  package let budget: BudgetReport?

  package init(
    file: String, kind: String, unitCount: Int?, leftOut: LeftOutList = LeftOutList(), tasks: [TaskID] = [],
    policies: [Table],
    claims: [CheckedClaim]? = nil, tensors: [(name: TensorName, role: ClassifiedRole)]? = nil,
    packed: [(name: TensorName, reason: String)] = [], expertsPerToken: Int? = nil,
    layers: LayerTable? = nil, work: WorkTable? = nil, budget: BudgetReport? = nil
  ) {
    self.budget = budget
    self.file = file
    self.kind = kind
    self.unitCount = unitCount
    self.leftOut = leftOut
    self.tasks = tasks
    self.policies = policies
    self.claims = claims
    self.tensors = tensors
    self.packed = packed
    self.expertsPerToken = expertsPerToken
    self.layers = layers
    self.work = work
  }

  /// The rows under one policy.
  package struct Table: Sendable {
    package let counts: ParameterCounts
    /// The selected sub-networks.
    package let networks: [ParameterRow]

    /// The parameters of some networks together; nil if they were not requested.
    package let union: UnionCount?

    package init(_ counts: ParameterCounts, networks: [ParameterRow], union: UnionCount? = nil) {
      self.counts = counts
      self.networks = networks
      self.union = union
    }

    /// The policy.
    package var policy: CountingPolicy { counts.policy }
    /// Everything in the file.
    package var stored: ParameterRow { counts.stored }

    /// The networks, then everything stored.
    var rows: [ParameterRow] { networks + [stored] }

    /// A row's share of the stored parameters; nil if nothing is counted.
    func density(of row: ParameterRow) -> Double? {
      stored.parameters.value == 0 ? nil : Double(row.parameters.value) / Double(stored.parameters.value)
    }
  }
}
