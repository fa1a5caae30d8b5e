import Inference
import ONNXGraph
import Testing

@testable import ChannelFlow

/// The table of rules, compared with the operators that the runner supports.
@Suite("Flow rules")
struct FlowRuleTests {
  private static func hasRule(_ operation: String, domain: String = "") -> Bool {
    var node = Node()
    node.operation = operation
    node.domain = domain
    return FlowRules.rule(for: node) != nil
  }

  /// A new operator gets a rule or is listed here; channels that meet it then stay whole. (The walk follows the graphs
  /// of `If` itself; constants and ranges have no channels.)
  private static let stopping: Set<String> = ["Constant", "If", "Loop", "Range"]

  @Test("every operator that is computed has a rule, or is known to stop channels")
  func covered() {
    #expect(Set(OperatorRegistry.names.filter { !Self.hasRule($0) }) == Self.stopping)
  }

  @Test("an operator of another domain has none, whatever it is called")
  func domains() {
    #expect(Self.hasRule("Conv") && !Self.hasRule("Conv", domain: "com.example"))
  }

  /// Operators that plans follow, although the runner does not support them.
  private static let uncomputed: Set<String> = ["ThresholdedRelu"]

  @Test("a rule is for an operator that is computed, or one that is known not to be")
  func known() {
    let ruled = UnaryRule.operations.union(WholeRule.operations).union(ElementwiseRule.operations)
      .union(FlowRules.table.keys)
    #expect(ruled.subtracting(OperatorRegistry.names) == Self.uncomputed)
  }
}
