import Accounting
import Tensors
import TestSupport
import Testing
import UnitModel

@Suite("Layers with their blocks")
struct LayerStackTests {
  /// The elements of a tensor by the units of its blocks, the unit of the first cut dimension first.
  private func blocks(of tensor: TensorPlacement) -> [[Int]: Int] {
    var found: [[Int]: Int] = [:]
    let cuts = tensor.cutDimensions.compactMap { tensor.cuts[$0] }
    for block in tensor.blocks {
      var units = tensor.units.map(\.index)
      for (cut, part) in zip(cuts, block.parts) {
        if let unit = cut.parts[part].unit?.index, !units.contains(unit) { units.append(unit) }
      }
      found[units, default: 0] += block.elementCount
    }
    return found
  }

  @Test("have the elements of each block, each unit and each sub-network", arguments: 0..<100)
  func random(seed: Int) throws {
    let random = try RandomPartition(seed: UInt64(seed))
    var generator = SeededGenerator(seed: UInt64(seed))
    let units = (0..<random.partition.unitCount).map { UnitID($0) }
    func levels() -> [UnitSet] {
      (0..<3).map { _ in UnitSet(units.filter { _ in Bool.random(using: &generator) }) }
    }
    let own = AxisAssignment(axis: "axis1", order: units, levels: levels())
    let assignment = try Assignment(
      tasks: [
        TaskAssignment(task: "a", order: units, levels: levels()),
        TaskAssignment(task: "b", order: units, levels: levels(), axes: [own]),
      ], provenance: Provenance(rule: "by-hand"), unitCount: units.count, axes: random.axes.map(\.name))
    let stack = LayerStack(Inventory(random.partition, assignment))
    #expect(Set(stack.layers.flatMap(\.tensors)) == Set(random.partition.tensors.indices))
    for layer in stack.layers {
      let kind = stack.kinds[layer.kind]
      let tensor = random.partition.tensors[layer.tensors[0]]
      #expect(layer.tensors.count == 1 && layer.name == tensor.spec.name.text)
      #expect(kind.networks == assignment.networks.map { $0.elementCounts(of: tensor).total })
      #expect(kind.stored == tensor.spec.elementCount)
      if tensor.scope.isPrivate {
        #expect(kind.private == kind.stored && kind.units == nil && kind.grid == nil)
        continue
      }
      let blocks = blocks(of: tensor)
      #expect(kind.whole == blocks[[]] ?? 0)
      for unit in units.indices { #expect(kind.units?[unit] ?? 0 == blocks[[unit]] ?? 0) }
      var between = 0
      for first in units.indices {
        for second in units.indices where first != second {
          #expect(kind.grid?[first][second] ?? 0 == blocks[[first, second]] ?? 0)
          between += kind.grid?[first][second] ?? 0
        }
      }
      #expect(kind.interconnection == between + kind.beyond)
    }
  }

  @Test(
    "follow the graph, or the file, in which counters come last; private tensors are where the graph has them"
  )
  func order() throws {
    let axis = try ChannelAxis.sized(name: "x", size: 4, sizes: [1, 3])
    var cutter = try DimensionCutter(axes: [axis])
    func tensor(_ name: TensorName, _ shape: [Int], task: TaskID? = nil, alias: TensorName? = nil) throws
      -> TensorPlacement
    {
      try TensorPlacement(
        spec: TensorSpec(name: name, dtype: .f32, shape: shape),
        scope: task.map { TensorScope(users: [.init(task: $0, alias: alias)]) } ?? .shared,
        dimensions: shape == [4, 4] ? [.axis(AxisUse("x")), .axis(AxisUse("x"))] : [], cutter: &cutter)
    }
    let tensors = [
      try tensor("b.counter", []), try tensor("a.weight", [4, 4]), try tensor("b.weight", [4, 4]),
      try tensor("head.t.weight", [2], task: "t", alias: "head.weight"),
      try tensor("head.u.weight", [3], task: "u", alias: "head.weight"),
    ]
    let assignment = try Assignment(
      tasks: ["t", "u"].map {
        TaskAssignment(task: TaskID($0), order: [UnitID(0), UnitID(1)], levels: [UnitSet([UnitID(1)])])
      },
      provenance: Provenance(rule: "by-hand"), unitCount: 2, axes: ["x"])
    let inventory = Inventory(try Partition(unitCount: 2, axes: [axis], tensors: tensors), assignment)
    let stack = LayerStack(inventory)
    #expect(stack.layers.map(\.name) == ["a", "b", "head"])
    #expect(stack.kinds[stack.layers[2].kind].networks == [2, 3])
    #expect(stack.kinds[stack.layers[0].kind].grid == [[1, 3], [3, 9]])
    #expect(stack.layers[0].rows == ["x"] && stack.layers[0].columns == ["x"])
    #expect(LayerStack(inventory, order: [nil, 7, 3, 9, 9]).layers.map(\.name) == ["b", "a", "head"])
  }

  @Test("share a kind if their numbers are the same")
  func kinds() throws {
    let specs = try (0..<50).map { try TensorSpec(name: TensorName("\($0).w"), dtype: .f32, shape: [3, 5]) }
    let stack = LayerStack(Inventory(flat: specs))
    #expect(stack.kinds.count == 1 && stack.layers.count == 50)
    #expect(stack.kinds[0].whole == 15 && stack.kinds[0].networks.isEmpty)
  }

  @Test("Pairs of sub-networks need what their union needs", arguments: 0..<20)
  func pairs(seed: Int) throws {
    let random = try RandomPartition(seed: UInt64(seed))
    let units = (0..<random.partition.unitCount).map { UnitID($0) }
    let levels = units.indices.map { UnitSet(units[0...$0]) }
    let assignment = try Assignment(
      tasks: [
        TaskAssignment(task: "a", order: units, levels: levels),
        TaskAssignment(task: "b", order: units.reversed(), levels: [UnitSet(units.suffix(1))]),
      ], provenance: Provenance(rule: "by-hand"), unitCount: units.count, axes: random.axes.map(\.name))
    let inventory = Inventory(random.partition, assignment)
    for name in ["all-stored", "weights-only"] {
      let policy = try PolicyPreset.policy(named: name)
      let table = try inventory.pairs(under: policy)
      #expect(table.map(\.count) == Array(1...assignment.networks.count))
      for (first, row) in table.enumerated() {
        for (second, found) in row.enumerated() {
          let wanted = [first, second].map {
            Claim.Network(task: assignment.networks[$0].task, level: assignment.networks[$0].level)
          }
          #expect(try found == inventory.union(of: wanted, under: policy).together.parameters)
        }
      }
    }
  }
}
