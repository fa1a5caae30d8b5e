import Accounting
import Tensors
import TestSupport
import Testing
import UnitModel

@Suite("Counts of random partitions")
struct RandomCountTests {
  static let seeds = 0..<150

  /// Tasks `a` and `b`: `a` has the private tensors; levels are any sets, and `b` has its own levels on one axis.
  private func assignment(for random: RandomPartition, _ generator: inout SeededGenerator) throws
    -> Assignment
  {
    let units = (0..<random.partition.unitCount).map { UnitID($0) }
    func levels() -> [UnitSet] {
      (0..<3).map { _ in UnitSet(units.filter { _ in Bool.random(using: &generator) }) }
    }
    let own = AxisAssignment(axis: "axis1", order: units.shuffled(using: &generator), levels: levels())
    let tasks = ["a", "b"].map { name in
      TaskAssignment(
        task: TaskID(name), order: units.shuffled(using: &generator), levels: levels(),
        axes: name == "b" ? [own] : [])
    }
    return try Assignment(
      tasks: tasks, provenance: Provenance(rule: "by-hand"), unitCount: units.count,
      axes: random.axes.map(\.name))
  }

  /// The counts of a tensor's elements that a network uses, by class, element by element; nil is everything stored.
  private func elements(
    of tensor: TensorPlacement, _ truth: [[RandomPartition.Position]], in network: VirtualNetwork?
  ) -> [BlockClass: Int] {
    var found: [BlockClass: Int] = [:]
    if let network, tensor.scope.isPrivate, network.task != "a" { return found }
    if let network, !tensor.units.allSatisfy(network.units.contains) { return found }
    for cell in indexes(of: tensor.spec.shape) {
      let positions = cell.enumerated().map { truth[$0.offset][$0.element] }
      let isActive = positions.allSatisfy { position in
        guard let network, let unit = position.unit, let axis = position.axis else { return true }
        return network.units(on: AxisName(axis)).contains(UnitID(unit))
      }
      guard isActive else { continue }
      let units = Set(positions.compactMap(\.unit) + tensor.units.map(\.index)).count
      let blockClass: BlockClass =
        tensor.scope.isPrivate ? .private : units == 0 ? .common : units == 1 ? .intra : .interconnection
      found[blockClass, default: 0] += 1
    }
    return found
  }

  @Test("are those of every element looked at, counted and left out", arguments: seeds)
  func bruteForce(seed: Int) throws {
    let random = try RandomPartition(seed: UInt64(seed))
    var generator = SeededGenerator(seed: UInt64(seed) ^ 0x5EED)
    let assignment = try assignment(for: random, &generator)
    let left = random.partition.tensors.map(\.spec.name).filter { _ in Bool.random(using: &generator) }
    let list = left.map { "\"\($0.text)\"" }.joined(separator: ",")
    let policy = try CountingPolicy(
      parsing: Array(
        #"{"format":"tessera.counting-policy/1","id":"p","version":1,"title":"t","names":{"leave_out":[\#(list)]}}"#
          .utf8))
    let counts = try Inventory(random.partition, assignment).counts(under: policy)
    let networks: [VirtualNetwork?] = assignment.networks + [nil]
    #expect(counts.networks.count == 6)
    for (network, row) in zip(networks, counts.networks + [counts.stored]) {
      var classes: [BlockClass: Int] = [:]
      var excluded = 0
      for (tensor, truth) in zip(random.partition.tensors, random.truth) {
        let found = elements(of: tensor, truth, in: network)
        if left.contains(tensor.spec.name) {
          excluded += found.values.reduce(0, +)
        } else {
          classes.merge(found, uniquingKeysWith: +)
        }
      }
      #expect(row.classes.common == classes[.common] ?? 0)
      #expect(row.classes.intra == classes[.intra] ?? 0)
      #expect(row.classes.interconnection == classes[.interconnection] ?? 0)
      #expect(row.classes.private == classes[.private] ?? 0)
      #expect(row.parameters.value == classes.values.reduce(0, +))
      #expect(row.bytes.value == 4 * row.parameters.value)
      #expect(row.excluded.value == excluded && row.excludedBytes.value == 4 * excluded)
      #expect(row.roles.reduce(0) { $0 + $1.parameters.value } == row.parameters.value)
      #expect(row.roles.reduce(0) { $0 + $1.excluded.value } == excluded)
      #expect(row.task == network?.task && row.level == network?.level)
      if let network { #expect(UnitSet(row.units) == network.units) }
    }
  }

  @Test("agree with the walk over every tensor's grid, with units by the hundred", arguments: [3, 64, 300])
  func grids(unitCount: Int) throws {
    let axes = [
      try ChannelAxis.equal(name: "x", size: unitCount * 2 + 1, unitCount: unitCount),
      try ChannelAxis.equal(
        name: "y", size: unitCount + 5, unitCount: unitCount, common: ChannelRanges(3..<5)),
    ]
    var cutter = try DimensionCutter(axes: axes)
    let placements = try [(3, "x", "y"), (7, "y", "x"), (2, "x", "x")].enumerated().map { index, row in
      let dimensions: [DimensionPlacement] = [
        .axis(AxisUse(AxisName(row.1))), .whole, .axis(AxisUse(AxisName(row.2))),
      ]
      let sizes = ["x": unitCount * 2 + 1, "y": unitCount + 5]
      let spec = try TensorSpec(
        name: TensorName("t\(index)"), dtype: .bf16, shape: [sizes[row.1] ?? 0, row.0, sizes[row.2] ?? 0])
      return try TensorPlacement(spec: spec, dimensions: dimensions, cutter: &cutter)
    }
    let partition = try Partition(unitCount: unitCount, axes: axes, tensors: placements)
    let order = (0..<unitCount).map { UnitID($0) }
    let task = TaskAssignment(
      task: "t", order: order, levels: [0, 1, 2, unitCount].map { UnitSet(order[..<$0]) })
    let assignment = try Assignment(
      tasks: [task], provenance: Provenance(rule: "by-hand"), unitCount: unitCount, axes: axes.map(\.name))
    let counts = try Inventory(partition, assignment).counts(under: PolicyPreset.policy(named: "all-stored"))
    for (network, row) in zip(assignment.networks, counts.networks) {
      #expect(network.elementCounts(of: partition) == row.classes)
    }
    #expect(counts.networks.count == 4 && counts.networks[3].classes == counts.stored.classes)
  }
}
