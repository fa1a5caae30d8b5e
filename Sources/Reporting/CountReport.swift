package import Accounting
package import Tensors
package import UnitModel

/// What `count` prints: the rows of one file under each policy.
package struct CountReport: Sendable {
  /// The path as the user gave it.
  package let file: String
  /// As `inspect` spells it, or `plan`.
  package let kind: String
  /// k; nil for a file that is not cut into units.
  package let unitCount: Int?
  /// What the file holds beside the tensors that are counted.
  package let leftOut: LeftOutList
  /// The tasks of the file, in its order.
  package let tasks: [TaskID]
  package let policies: [Table]
  /// What became of claims; nil when there were none.
  package let claims: [CheckedClaim]?
  /// Every tensor with its role; nil when nobody asked.
  package let tensors: [(name: TensorName, role: ClassifiedRole)]?

  /// Tensors that hold several elements in one, in a way that is not known, and why.
  package let packed: [(name: TensorName, reason: String)]

  /// Experts that a token is sent to; nil where no policy asks, or nothing says it.
  package let expertsPerToken: Int?

  /// What the nodes of a graph have and do; nil when nobody asked.
  package let layers: LayerTable?

  /// What the networks do; nil when nobody asked.
  package let work: WorkTable?

  package init(
    file: String, kind: String, unitCount: Int?, leftOut: LeftOutList = LeftOutList(), tasks: [TaskID] = [],
    policies: [Table],
    claims: [CheckedClaim]? = nil, tensors: [(name: TensorName, role: ClassifiedRole)]? = nil,
    packed: [(name: TensorName, reason: String)] = [], expertsPerToken: Int? = nil,
    layers: LayerTable? = nil, work: WorkTable? = nil
  ) {
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
    /// The virtual networks that were asked for.
    package let networks: [ParameterRow]

    /// What some networks take together; nil when nobody asked.
    package let union: UnionCount?

    package init(_ counts: ParameterCounts, networks: [ParameterRow], union: UnionCount? = nil) {
      self.counts = counts
      self.networks = networks
      self.union = union
    }

    /// The rule.
    package var policy: CountingPolicy { counts.policy }
    /// Everything in the file.
    package var stored: ParameterRow { counts.stored }

    /// The networks, and everything stored below them.
    var rows: [ParameterRow] { networks + [stored] }

    /// The share of the stored parameters that a row has; nil when nothing is counted.
    func density(of row: ParameterRow) -> Double? {
      stored.parameters.value == 0 ? nil : Double(row.parameters.value) / Double(stored.parameters.value)
    }
  }
}
