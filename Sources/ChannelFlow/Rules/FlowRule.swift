internal import ONNXGraph

/// How an operator passes its inputs' labels to its outputs.
///
/// A rule gives the outputs' extents and labels. For a sub-network it also changes the extents in the dense node's
/// attributes and constants. `FlowWalk` compares inputs with outputs after each rule. It stops every label that the
/// rule neither passed on, nor ended, nor left out. An operator without a rule passes nothing on.
typealias FlowRule = @Sendable (FlowCall) throws(FlowError) -> [FlowValue]

/// What becomes of the channels that reach an operator.
package struct FlowEntry: Sendable {
  /// How channels pass, or the reason why they stop: a phrase whose subject is the operator.
  package let words: String
  /// Whether channels never pass.
  package let stops: Bool
  let rule: FlowRule

  /// A rule that follows channels.
  static func follows(_ words: String, _ rule: @escaping FlowRule) -> FlowEntry {
    FlowEntry(words: words, stops: false, rule: rule)
  }

  /// An operator through which channels are never followed. If the extents of its outputs are known, later layers can
  /// still be cut.
  static func stops(_ reason: String, _ extents: OutputExtents? = nil) -> FlowEntry {
    FlowEntry(words: reason, stops: true) { call throws(FlowError) in
      let unknown = try call.stopAll("\(call.node.shown) \(reason)")
      guard let extents = extents?(call) else { return unknown }
      return unknown.indices.map { extents.indices.contains($0) ? FlowValue(extents[$0]) : .unknown }
    }
  }
}

/// The extents of an operator's outputs; nil for an output whose extents are not known.
typealias OutputExtents = @Sendable (FlowCall) -> [[Int]?]?

/// One table with an entry for each registered operator, by the names of `OperatorRegistry.names`.
package enum FlowRules {
  package static let table = entries(elementwise + layers + moves + stopping + microsoft + machineLearning)

  static func rule(for node: Node) -> FlowRule? { table[name(of: node)]?.rule }

  private static func name(of node: Node) -> String {
    node.domain.isEmpty ? node.operation : "\(node.domain).\(node.operation)"
  }

  /// The operators of one entry.
  struct Row {
    let operations: [String]
    let entry: FlowEntry

    init(_ operations: String..., entry: FlowEntry) {
      self.operations = operations
      self.entry = entry
    }
  }

  private static func entries(_ rows: [Row]) -> [String: FlowEntry] {
    var table: [String: FlowEntry] = [:]
    for row in rows { for name in row.operations { table[name] = row.entry } }
    return table
  }

  /// The number of names in all rows; greater than that of the table's entries if a name occurs twice.
  package static var rowCount: Int {
    (elementwise + layers + moves + stopping + microsoft + machineLearning).reduce(0) {
      $0 + $1.operations.count
    }
  }
}
