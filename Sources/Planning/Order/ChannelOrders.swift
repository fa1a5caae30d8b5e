internal import Tensors
package import UnitModel

/// The channels of each axis, best first.
package struct ChannelOrders {
  private static let sizeLimit = 1 << 24
  /// For each axis, all channels that are not common.
  private(set) var orders: [AxisName: [Int]] = [:]

  init() {}

  /// Given orders.
  package init(_ orders: [AxisName: [Int]]) { self.orders = orders }

  /// Adds a file's lists. Throws `PlanningError.badOption` if an axis or a channel does not exist.
  mutating func add(_ ranking: ChannelRanking, _ plan: Plan, _ axes: [ChannelAxis]) throws(PlanningError) {
    let templates = plan.axes.map(\.name.text)
    for list in ranking.lists {
      let name = try ranking.axis(list.key, among: templates)
      guard let axis = axes.first(where: { $0.name == name }) else {
        throw .badOption(
          option: "--order", text: ranking.path, expected: "axes of the plan, such as \(example(axes))",
          found: name.quoted)
      }
      guard axis.size <= Self.sizeLimit else {
        throw .badOption(
          option: "--order", text: ranking.path, expected: "axes of at most \(Self.sizeLimit) channels",
          found: "\(axis.size) of \(name.quoted)")
      }
      if let channel = list.channels.first(where: { $0 >= axis.size }) {
        throw .badOption(
          option: "--order", text: ranking.path,
          expected: "channels of axis \(name.quoted), below \(axis.size)", found: "\(channel)")
      }
      let named = Set(list.channels)
      let rest = axis.units.flatMap(\.channels).filter { !named.contains($0) }.sorted()
      let common = Set(axis.common.channels)
      orders[name] = list.channels.filter { !common.contains($0) } + rest
    }
  }

  /// Adds the order of an axis by scores, one for each channel: the highest first, equal ones by number.
  mutating func add(_ axis: ChannelAxis, scores: [Double]) {
    let sums = stride(from: 0, to: axis.size, by: axis.granule).map { start in
      scores[start..<min(start + axis.granule, axis.size)].reduce(0, +)
    }
    let common = Set(axis.common.channels)
    orders[axis.name] = sums.indices.sorted { (sums[$1], $0) < (sums[$0], $1) }
      .flatMap { $0 * axis.granule..<($0 + 1) * axis.granule }.filter { !common.contains($0) }
  }

  private func example(_ axes: [ChannelAxis]) -> String { axes.first.map { "\($0.name.quoted)" } ?? "none" }

  /// The plan with the same number of channels for each unit: the first unit gets the best.
  package func applied(to plan: Plan, _ axes: [ChannelAxis]) -> Plan {
    var plan = plan
    var exact: [PlanAxis] = []
    for axis in axes {
      guard let order = orders[axis.name], !axis.isWhole, let name = NamePattern(axis.name.text) else {
        continue
      }
      var start = 0
      let units = axis.units.map { unit in
        start += unit.count
        return ChannelRanges.of(Array(order[start - unit.count..<start])).ranges
      }
      exact.append(
        PlanAxis(
          name: name, size: axis.size, cut: .channels(units), common: axis.common, granule: axis.granule,
          isOfModules: plan.axes.contains { $0.isOfModules && $0.name.match(axis.name.text) != nil }))
    }
    plan.axes.removeAll { axis in exact.contains { $0.name == axis.name } }
    // An axis with its own entry does not use its template; a template without other axes would be refused.
    let unused = plan.axes.filter { template in
      !template.name.isLiteral && axes.contains { template.name.match($0.name.text) != nil }
        && axes.allSatisfy { axis in
          template.name.match(axis.name.text) == nil || exact.contains { $0.name.text == axis.name.text }
        }
    }
    plan.axes.removeAll { unused.contains($0) }
    plan.axes = exact + plan.axes
    return plan
  }
}
