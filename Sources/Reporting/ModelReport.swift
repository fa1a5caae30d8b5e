package import Accounting
package import StrictJSON
package import Studies
package import Tensors
package import UnitModel

/// The output of `report` for one file.
package struct ModelReport: Sendable {
  package let inspection: Inspection
  package let count: CountReport
  package let findings: FindingsReport
  /// The layers with their blocks.
  package let stack: LayerStack
  /// The names of the tensors that the layers number.
  package let counted: [TensorName]
  /// The sub-networks in the order of the counts.
  package let networks: [VirtualNetwork]
  /// Where the assignment comes from: the plan's `assignment` object; nil for a flat file.
  package let provenance: Provenance?
  /// The accuracies that were given.
  package let accuracies: AccuracyList?
  /// For each policy, the parameters that each two sub-networks need together; empty if they were not computed.
  package let pairs: [(policy: String, table: [[ParameterCount]])]
  /// Whether layers are in the order of a graph.
  package let isInGraphOrder: Bool
  /// The parts that the page does not have, with the reasons.
  package let leftOut: [String]
  /// The title of the page; empty for the file's name.
  package let title: String

  package init(
    inspection: Inspection, count: CountReport, findings: FindingsReport, stack: LayerStack,
    counted: [TensorName], networks: [VirtualNetwork], provenance: Provenance?,
    accuracies: AccuracyList? = nil,
    pairs: [(policy: String, table: [[ParameterCount]])] = [], isInGraphOrder: Bool = false,
    leftOut: [String] = [], title: String = ""
  ) {
    self.inspection = inspection
    self.count = count
    self.findings = findings
    self.stack = stack
    self.counted = counted
    self.networks = networks
    self.provenance = provenance
    self.accuracies = accuracies
    self.pairs = pairs
    self.isInGraphOrder = isInGraphOrder
    self.leftOut = leftOut
    self.title = title
  }
}

extension ModelReport {
  /// The report in the form of `schemas/report.schema.json`: what the page has besides the documents of other commands.
  package var json: JSONValue {
    // `inspect` lists more tensors than are counted if there are states of an optimizer.
    var places: [TensorName: Int] = [:]
    for (place, tensor) in inspection.tensors.enumerated() { places[tensor.spec.name] = place }
    let layers = stack.layers.map { layer in
      Self.json(layer, tensors: layer.tensors.compactMap { places[counted[$0]] })
    }
    var members: [(String, JSONValue)] = [
      ("format", "tessera.report/1"), ("file", .string(inspection.file)), ("title", .string(title)),
    ]
    if let units = count.unitCount { members.append(("units", JSONValue(units))) }
    members += [
      ("order", isInGraphOrder ? "graph" : "file"), ("networks", .array(networks.map(Self.json))),
      ("kinds", .array(stack.kinds.map(Self.json))), ("layers", .array(layers)),
    ]
    if let provenance {
      members.append(
        ("assignment", object([("rule", .string(provenance.rule))] + Self.details(of: provenance))))
    }
    if let accuracies {
      members.append(("accuracy", .array(accuracies.items.map(Self.json))))
    }
    if !pairs.isEmpty {
      members.append(
        (
          "together",
          .array(
            pairs.map { pair in
              object([
                ("policy", .string(pair.policy)),
                ("parameters", .array(pair.table.map { Self.numbers($0.map(\.value)) })),
              ])
            })
        ))
    }
    members.append(("left_out", .array(leftOut.map { .string($0) })))
    return object(members)
  }

  /// The other members of the plan's `assignment` object.
  private static func details(of provenance: Provenance) -> [(String, JSONValue)] {
    provenance.details.members.filter { $0.key != "rule" }.map { ($0.key, $0.value) }
  }

  private static func numbers(_ values: [Int]) -> JSONValue { .array(values.map { JSONValue($0) }) }

  private static func json(_ network: VirtualNetwork) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("task", .string(network.task.text)), ("level", JSONValue(network.level.value)),
    ]
    if let name = network.levelName { members.append(("level_name", .string(name))) }
    members.append(("units", numbers(network.orderedUnits().map(\.index))))
    if !network.ownAxes.isEmpty {
      members.append(
        (
          "axes",
          object(network.ownAxes.map { ($0.text, numbers(network.orderedUnits(on: $0).map(\.index))) })
        ))
    }
    return object(members)
  }

  private static func json(_ kind: LayerStack.Kind) -> JSONValue {
    var members: [(String, JSONValue)] = []
    if let units = kind.units { members.append(("units", numbers(units))) }
    if let grid = kind.grid { members.append(("grid", .array(grid.map(numbers)))) }
    members += [
      ("interconnection", JSONValue(kind.interconnection)), ("beyond", JSONValue(kind.beyond)),
      ("whole", JSONValue(kind.whole)), ("private", JSONValue(kind.private)), ("free", JSONValue(kind.free)),
      ("stored", JSONValue(kind.stored)), ("networks", numbers(kind.networks)),
    ]
    return object(members)
  }

  private static func json(_ layer: LayerStack.Layer, tensors: [Int]) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("name", .string(layer.name)), ("kind", JSONValue(layer.kind)), ("tensors", numbers(tensors)),
    ]
    if !layer.rows.isEmpty { members.append(("rows", .array(layer.rows.map { .string($0.text) }))) }
    if !layer.columns.isEmpty { members.append(("columns", .array(layer.columns.map { .string($0.text) }))) }
    return object(members)
  }

  private static func json(_ item: AccuracyList.Item) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("task", .string(item.task.text)), ("level", JSONValue(item.level.value)),
      ("n", JSONValue(item.sample.count)), ("mean", .number(item.sample.mean)),
    ]
    if let interval = item.interval {
      members += [
        ("low", .number(interval.low)), ("high", .number(interval.high)),
        ("interval", item.isOfTestSet ? "test set" : "seeds"),
      ]
    }
    return object(members)
  }
}
