import Accounting
import Tensors
import TestSupport
import Testing
import UnitModel

/// Counts of scopes, extents and ties on random partitions, compared with explicit sets of elements.
@Suite("Scopes of random partitions")
struct RandomScopeTests {
  static let seeds = 0..<80

  /// A partition with two tasks, and the elements of every tensor that each network uses.
  private struct Sample {
    let partition: Partition
    let assignment: Assignment
    let used: [[Set<Int>]]
    /// Elements between units, by tensor.
    let between: [Set<Int>]
    var counts: [Int] { partition.tensors.map(\.spec.elementCount) }
    var networks: [VirtualNetwork] { assignment.networks }

    init(seed: Int) throws {
      let random = try RandomPartition(seed: UInt64(seed))
      var generator = SeededGenerator(seed: UInt64(seed) ^ 0xC0FFEE)
      let units = (0..<random.partition.unitCount).map { UnitID($0) }
      func levels() -> [UnitSet] {
        (0..<3).map { _ in UnitSet(units.filter { _ in Bool.random(using: &generator) }) }
      }
      let own = AxisAssignment(axis: "axis1", order: units, levels: levels())
      let tasks = ["a", "b"].map { name in
        TaskAssignment(task: TaskID(name), order: units, levels: levels(), axes: name == "b" ? [own] : [])
      }
      partition = random.partition
      assignment = try Assignment(
        tasks: tasks, provenance: Provenance(rule: "by-hand"), unitCount: units.count,
        axes: random.axes.map(\.name))
      let networks = assignment.networks
      used = zip(partition.tensors, random.truth).map { tensor, truth in
        networks.map { Self.used(tensor, truth, $0) }
      }
      between = zip(partition.tensors, random.truth).map { tensor, truth in
        if tensor.scope.isPrivate { return [] }
        return Set(
          indexes(of: tensor.spec.shape).enumerated().filter { _, cell in
            let units = cell.enumerated().compactMap { truth[$0.offset][$0.element].unit }
            return Set(units + tensor.units.map(\.index)).count > 1
          }.map(\.offset))
      }
    }

    static func used(
      _ tensor: TensorPlacement, _ truth: [[RandomPartition.Position]], _ network: VirtualNetwork
    ) -> Set<Int> {
      if tensor.scope.isPrivate, network.task != "a" { return [] }
      if !tensor.units.allSatisfy(network.units.contains) { return [] }
      return Set(
        indexes(of: tensor.spec.shape).enumerated().filter { _, cell in
          cell.enumerated().allSatisfy { place, position in
            guard let unit = truth[place][position].unit, let axis = truth[place][position].axis else {
              return true
            }
            return network.units(on: AxisName(axis)).contains(UnitID(unit))
          }
        }.map(\.offset))
    }

    func union(_ networks: [Int], of tensor: Int) -> Set<Int> {
      networks.reduce(into: []) { $0.formUnion(used[tensor][$1]) }
    }
  }

  private func policy(_ members: String) throws -> CountingPolicy {
    try CountingPolicy(
      parsing: Array(
        #"{"format":"tessera.counting-policy/1","id":"p","version":1,"title":"t"\#(members)}"#.utf8))
  }

  private func rows(_ sample: Sample, _ members: String) throws -> [Int] {
    let counts = try Inventory(sample.partition, sample.assignment).counts(under: policy(members))
    return (counts.networks + [counts.stored]).map(\.parameters.value)
  }

  @Test("are those of sets of elements", arguments: seeds)
  func sets(seed: Int) throws {
    let sample = try Sample(seed: seed)
    let tensors = sample.partition.tensors.indices
    let networks = sample.networks
    func lower(_ index: Int, _ isOwn: Bool) -> [Int] {
      networks.indices.filter {
        networks[$0].level <= networks[index].level && (!isOwn || networks[$0].task == networks[index].task)
      }
    }
    func sum(_ elements: (Int) -> Int) -> Int { tensors.reduce(0) { $0 + elements($1) } }
    let all = sample.counts.reduce(0, +)
    let active = networks.indices.map { index in sum { sample.used[$0][index].count } }
    #expect(try rows(sample, "") == active + [all])
    #expect(try rows(sample, #","scope":"stored""#) == networks.map { _ in all } + [all])
    let unions = networks.indices.map { index in sum { sample.union(lower(index, false), of: $0).count } }
    #expect(try rows(sample, #","scope":"union""#) == unions + [all])
    let increments = networks.indices.map { index in
      sum { sample.used[$0][index].subtracting(sample.union(lower(index, true).dropLast(), of: $0)).count }
    }
    #expect(try rows(sample, #","scope":"increment""#) == increments + [all])
    let alone = networks.indices.map { index in
      sum { sample.used[$0][index].subtracting(sample.between[$0]).count }
    }
    #expect(try Array(rows(sample, #","scope":"stand-alone""#).dropLast()) == alone)
    #expect(try rows(sample, #","times":3"#) == (active + [all]).map { 3 * $0 })
    // Elements count once for each task that uses them, and once if no task does.
    let perTask = [0..<3, 3..<6].map { task in sum { sample.union(Array(task), of: $0).count } }
    let unused = all - sum { sample.union(Array(networks.indices), of: $0).count }
    #expect(try rows(sample, #","ties":"use""#) == active + [perTask[0] + perTask[1] + unused])
    // Relations that hold for all numbers.
    for task in [0..<3, 3..<6] {
      #expect(increments[task].reduce(0, +) == sum { sample.union(Array(task), of: $0).count })
    }
    #expect(unions[2] <= active.reduce(0, +) && unions[2] >= (active.max() ?? 0))
  }

  @Test("of what is not zero are those of every value looked at", arguments: 0..<30)
  func values(seed: Int) throws {
    let sample = try Sample(seed: seed)
    var generator = SeededGenerator(seed: UInt64(seed))
    let values = sample.counts.map { count in (0..<count).map { _ in Bool.random(using: &generator) } }
    var inventory = Inventory(sample.partition, sample.assignment)
    do {
      _ = try inventory.counts(under: policy(#","density":"non-zero""#))
      Issue.record("expected an error")
    } catch { #expect(error as? AccountingError == .needsValues(policy: "p")) }
    // Blocks in the order of the layout, each with the flat positions of its parts.
    inventory.keep(
      nonZero: sample.partition.tensors.enumerated().map { index, tensor in
        tensor.blocks.map { block in
          indexes(of: tensor.spec.shape).enumerated().count { flat, cell in
            let isInside = zip(tensor.cutDimensions, block.parts).allSatisfy { dimension, part in
              tensor.cuts[dimension]?.positions(ofPart: part).contains { $0.contains(cell[dimension]) }
                ?? false
            }
            return isInside && values[index][flat]
          }
        }
      })
    let tensors = sample.partition.tensors.indices
    func sum(_ elements: (Int) -> Set<Int>) -> Int {
      tensors.reduce(0) { sum, tensor in sum + elements(tensor).count { values[tensor][$0] } }
    }
    for (members, network) in [("", false), (#","scope":"union""#, true)] {
      let counts = try inventory.counts(under: policy(#","density":"non-zero"\#(members)"#))
      for (index, row) in counts.networks.enumerated() {
        let others =
          network
          ? sample.networks.indices.filter { sample.networks[$0].level <= sample.networks[index].level }
          : [index]
        #expect(row.parameters.value == sum { sample.union(others, of: $0) })
        let whole = tensors.reduce(0) { $0 + sample.union(others, of: $1).count }
        #expect(row.parameters.value + row.excluded.value == whole)
      }
    }
  }

  @Test(
    "partition every row by role and by part, and never grow when a policy leaves more out", arguments: seeds)
  func conservation(seed: Int) throws {
    let sample = try Sample(seed: seed)
    let inventory = Inventory(sample.partition, sample.assignment)
    let whole = try inventory.counts(under: policy(""))
    var generator = SeededGenerator(seed: UInt64(seed) &+ 77)
    var names = sample.partition.tensors.map(\.spec.name.text).shuffled(using: &generator)
    var last = whole
    while let name = names.popLast() {
      let left = sample.partition.tensors.map(\.spec.name.text).filter { !names.contains($0) }
      #expect(left.contains(name))
      let list = left.map { #""\#($0)""# }.joined(separator: ",")
      let counts = try inventory.counts(under: policy(#","names":{"leave_out":[\#(list)]}"#))
      for (row, (before, all)) in zip(
        counts.networks + [counts.stored],
        zip(last.networks + [last.stored], whole.networks + [whole.stored]))
      {
        #expect(row.parameters <= before.parameters)
        #expect(row.parameters.value + row.excluded.value == all.parameters.value)
        for sums in [
          row.roles.map { [$0.parameters.value, $0.excluded.value] },
          row.parts.map { [$0.parameters.value, $0.excluded.value] },
        ] {
          #expect(sums.reduce(0) { $0 + $1[0] } == row.parameters.value)
          #expect(sums.reduce(0) { $0 + $1[1] } == row.excluded.value)
        }
      }
      last = counts
    }
    #expect(last.stored.parameters.value == 0)
  }
}
