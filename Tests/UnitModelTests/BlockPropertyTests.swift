import Tensors
import TestSupport
import Testing

@testable import UnitModel

@Suite("Blocks of random partitions")
struct BlockPropertyTests {
  static let seeds = 0..<120

  /// The blocks of each element, found by walking every block's positions.
  private func owners(of tensor: TensorPlacement, _ blocks: [Block]) -> [[Int]: [Int]] {
    var owners: [[Int]: [Int]] = [:]
    for (number, block) in blocks.enumerated() {
      var positions = tensor.spec.shape.map { Array(0..<$0) }
      for (place, dimension) in tensor.cutDimensions.enumerated() {
        positions[dimension] = (tensor.cuts[dimension]?.positions(ofPart: block.parts[place]) ?? []).flatMap(
          Array.init)
      }
      #expect(positions.map(\.count) == block.shape)
      let cells = positions.reduce([[]]) { prefixes, list in prefixes.flatMap { p in list.map { p + [$0] } } }
      #expect(cells.count == block.elementCount)
      for cell in cells { owners[cell, default: []].append(number) }
    }
    return owners
  }

  @Test("every element is in exactly one block, and its units give the block's class", arguments: seeds)
  func coverAndClass(seed: Int) throws {
    let random = try RandomPartition(seed: UInt64(seed))
    for (tensor, truth) in zip(random.partition.tensors, random.truth) {
      let blocks = tensor.blocks
      let owners = owners(of: tensor, blocks)
      #expect(owners.count == tensor.spec.elementCount)
      var wrong: [[Int]] = []
      for cell in indexes(of: tensor.spec.shape) {
        guard let found = owners[cell], found.count == 1 else {
          wrong.append(cell)
          continue
        }
        let block = blocks[found[0]]
        let positions = cell.enumerated().map { truth[$0.offset][$0.element] }
        let units = Set(tensor.units.map(\.index) + positions.compactMap(\.unit)).sorted()
        let expected: BlockClass =
          tensor.scope.isPrivate
          ? .private : units.isEmpty ? .common : units.count == 1 ? .intra : .interconnection
        if block.units.map(\.index) != units || block.blockClass != expected { wrong.append(cell) }
      }
      #expect(wrong.isEmpty)
      #expect(blocks.allSatisfy { $0.elementCount > 0 })
    }
  }

  /// A plan in which every level adds a unit, and the second axis has its own order.
  private func assignment(for random: RandomPartition, _ generator: inout SeededGenerator) throws
    -> Assignment
  {
    let units = (0..<random.partition.unitCount).map { UnitID($0) }
    func nested() -> ([UnitID], [UnitSet]) {
      let order = units.shuffled(using: &generator)
      return (order, order.indices.map { UnitSet(order[...$0]) })
    }
    let (order, levels) = nested()
    let (own, ownLevels) = nested()
    let axis = AxisAssignment(axis: "axis1", order: own, levels: ownLevels)
    let tasks = ["a", "b"].map {
      TaskAssignment(task: TaskID($0), order: order, levels: levels, axes: $0 == "b" ? [axis] : [])
    }
    return try Assignment(
      tasks: tasks, provenance: Provenance(rule: "by-hand"), unitCount: units.count,
      axes: random.axes.map(\.name))
  }

  @Test("a level has exactly the elements whose units it has, by class", arguments: seeds)
  func levelCounts(seed: Int) throws {
    let random = try RandomPartition(seed: UInt64(seed))
    var generator = SeededGenerator(seed: UInt64(seed) ^ 0xABCD)
    let assignment = try assignment(for: random, &generator)
    for network in assignment.networks {
      var sum = BlockCounts()
      for (tensor, truth) in zip(random.partition.tensors, random.truth) {
        var expected: [BlockClass: Int] = [:]
        let seen = !tensor.scope.isPrivate || network.task == "a"
        for cell in indexes(of: tensor.spec.shape) where seen {
          let positions = cell.enumerated().map { truth[$0.offset][$0.element] }
          let active = positions.allSatisfy { position in
            guard let unit = position.unit, let axis = position.axis else { return true }
            return network.units(on: AxisName(axis)).contains(UnitID(unit))
          }
          guard active, tensor.units.allSatisfy(network.units.contains) else { continue }
          let count = Set(positions.compactMap(\.unit) + tensor.units.map(\.index)).count
          expected[BlockClass(unitCount: count, isPrivate: tensor.scope.isPrivate), default: 0] += 1
        }
        let counts = network.elementCounts(of: tensor)
        sum += counts
        #expect(counts.common == expected[.common] ?? 0)
        #expect(counts.intra == expected[.intra] ?? 0)
        #expect(counts.interconnection == expected[.interconnection] ?? 0)
        #expect(counts.private == expected[.private] ?? 0)
        let active = tensor.blocks.filter { network.isActive($0, of: tensor) }
        #expect(active.reduce(0) { $0 + $1.elementCount } == counts.total)
        #expect((network.activeShape(of: tensor)?.reduce(1, *) ?? 0) == counts.total)
        for dimension in tensor.spec.shape.indices {
          let positions = network.activePositions(of: tensor, dimension: dimension)
          #expect(
            positions.flatMap(Array.init)
              == truth[dimension].indices.filter { position in
                let owner = truth[dimension][position]
                return owner.unit.map { network.units(on: AxisName(owner.axis ?? "")).contains(UnitID($0)) }
                  ?? true
              })
        }
      }
      #expect(network.elementCounts(of: random.partition) == sum)
    }
  }

  @Test("levels of a nested plan nest", arguments: seeds)
  func levelsNest(seed: Int) throws {
    let random = try RandomPartition(seed: UInt64(seed))
    var generator = SeededGenerator(seed: UInt64(seed) ^ 0x1234)
    let assignment = try assignment(for: random, &generator)
    for task in assignment.tasks {
      let networks = assignment.networks.filter { $0.task == task.task }
      #expect(networks.count == random.partition.unitCount)
      for (smaller, larger) in zip(networks, networks.dropFirst()) {
        #expect(smaller.units.isSubset(of: larger.units))
        for tensor in random.partition.tensors {
          for block in tensor.blocks where smaller.isActive(block, of: tensor) {
            #expect(larger.isActive(block, of: tensor))
          }
        }
      }
      if let last = networks.last {
        for tensor in random.partition.tensors where last.sees(tensor) {
          #expect(last.elementCounts(of: tensor).total == tensor.spec.elementCount)
        }
      }
    }
  }
}
