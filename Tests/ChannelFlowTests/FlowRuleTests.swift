import Foundation
import Inference
import ONNXGraph
import TestSupport
import Testing

@testable import ChannelFlow

/// The table of rules, compared with the operators that the runner supports, and with its page.
@Suite("Flow rules")
struct FlowRuleTests {
  @Test("every operator that is computed has one entry: a rule, or the reason why channels stop")
  func covered() {
    #expect(Set(OperatorRegistry.names).subtracting(FlowRules.table.keys) == [])
    #expect(Set(FlowRules.table.keys).subtracting(OperatorRegistry.names) == [])
    #expect(FlowRules.rowCount == FlowRules.table.count)
  }

  @Test("an operator of another domain has none, whatever it is called")
  func domains() {
    func hasRule(_ operation: String, _ domain: String) -> Bool {
      var node = Node()
      node.operation = operation
      node.domain = domain
      return FlowRules.rule(for: node) != nil
    }
    for (operation, domain, expected) in [
      ("Conv", "", true), ("Conv", "com.example", false), ("Conv", "com.microsoft", false),
      ("FusedConv", "", false), ("FusedConv", "com.microsoft", true), ("Scaler", "ai.onnx.ml", true),
      ("Mask", OperatorRegistry.ownDomain, false),
    ] { #expect(hasRule(operation, domain) == expected, "\(domain) \(operation)") }
  }

  @Test("the page lists the table; TESSERA_WRITE_CHANNELS=1 renews docs/channels.md")
  func page() throws {
    let path = SourceFolder.root + "/docs/channels.md"
    let page = try String(contentsOfFile: path, encoding: .utf8)
    let start = try #require(page.range(of: "<!-- made by FlowRuleTests -->\n")).upperBound
    let text =
      page[..<start] + Self.table("## Operators that channels pass", stops: false)
      + Self.table("## Operators that stop channels", stops: true)
    if ProcessInfo.processInfo.environment["TESSERA_WRITE_CHANNELS"] != nil {
      try String(text).write(toFile: path, atomically: true, encoding: .utf8)
    } else {
      #expect(page == text)
    }
  }

  /// A row for each phrase, with its operators.
  private static func table(_ title: String, stops: Bool) -> String {
    var operators: [String: [String]] = [:]
    for (name, entry) in FlowRules.table where entry.stops == stops {
      operators[entry.words, default: []].append(name)
    }
    let rows = operators.map { (words: $0, names: $1.sorted()) }.sorted { $0.names[0] < $1.names[0] }
    let lines = rows.map { "| \($0.names.map { "`\($0)`" }.joined(separator: ", ")) | \($0.words) |\n" }
    return "\n\(title)\n\n| operators | the operator … |\n|---|---|\n" + lines.joined()
  }
}
