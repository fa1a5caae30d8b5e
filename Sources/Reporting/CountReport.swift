package import Accounting
package import Tensors

/// What `count` prints: the rows of one file under each policy.
package struct CountReport: Sendable {
  /// The path as the user gave it.
  package let file: String
  /// As `inspect` spells it, or `plan`.
  package let kind: String
  /// k; nil for a file that is not cut into units.
  package let unitCount: Int?
  package let policies: [Table]
  /// Every tensor with its role; nil when nobody asked.
  package let tensors: [(name: TensorName, role: ClassifiedRole)]?

  /// What the nodes of a graph have and do; nil when nobody asked.
  package let layers: LayerTable?

  package init(
    file: String, kind: String, unitCount: Int?, policies: [Table],
    tensors: [(name: TensorName, role: ClassifiedRole)]? = nil, layers: LayerTable? = nil
  ) {
    self.file = file
    self.kind = kind
    self.unitCount = unitCount
    self.policies = policies
    self.tensors = tensors
    self.layers = layers
  }

  /// The rows under one policy.
  package struct Table: Sendable {
    package let policy: CountingPolicy
    /// The virtual networks that were asked for.
    package let networks: [ParameterRow]
    /// Everything in the file.
    package let stored: ParameterRow

    package init(policy: CountingPolicy, networks: [ParameterRow], stored: ParameterRow) {
      self.policy = policy
      self.networks = networks
      self.stored = stored
    }

    /// The networks, and everything stored below them.
    var rows: [ParameterRow] { networks + [stored] }

    /// The share of the stored parameters that a row has; nil when nothing is counted.
    func density(of row: ParameterRow) -> Double? {
      stored.parameters.value == 0 ? nil : Double(row.parameters.value) / Double(stored.parameters.value)
    }
  }
}
