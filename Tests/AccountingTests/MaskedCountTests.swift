import Accounting
import Tensors
import TestSupport
import Testing
import UnitModel

/// Elements that owner maps and masks keep in random networks, compared with explicit sets of elements.
@Suite("Elements that masks leave in")
struct MaskedCountTests {
  /// Two tasks with two levels each; tensors with owners, tensors with masks of some of the networks, and a cut one.
  private struct Sample {
    let inventory: Inventory
    let networks: [VirtualNetwork]
    /// The elements that count, by tensor and network; the elements that the network has, by tensor.
    var kept: [[Set<Int>]] = []
    var used: [[Set<Int>]] = []
    var all: [Set<Int>] = []
    /// The elements that are kept for any task, by tensor.
    var stored: [Set<Int>] = []

    init(seed: Int) throws {
      var random = SeededGenerator(seed: UInt64(seed))
      let unitCount = Int.random(in: 1...5, using: &random)
      func subset<Element>(of elements: some Sequence<Element>) -> [Element] {
        elements.filter { _ in Bool.random(using: &random) }
      }
      let levels = (0..<4).map { _ in subset(of: 0..<unitCount) }
      var entries: [String] = []
      var privates = ["", "", "", ""]
      var counted: [(kept: [Set<Int>], used: [Set<Int>], all: Set<Int>, stored: Set<Int>)] = []
      var maskSets: [String: Set<Int>] = [:]
      func add(_ name: String, _ count: Int, _ dtype: String, _ members: String = "") {
        entries.append(#"{"name": "\#(name)", "dtype": "\#(dtype)", "shape": [\#(count)]\#(members)}"#)
      }
      func addPlain(_ name: String, _ count: Int, of networks: [Int] = [0, 1, 2, 3]) {
        add(name, count, "U8")
        let all = Set(0..<count)
        counted.append(
          (
            (0..<4).map { networks.contains($0) ? all : [] },
            (0..<4).map { networks.contains($0) ? all : [] }, all, all
          ))
      }
      for number in 0..<3 {
        let count = Int.random(in: 0...9, using: &random)
        let owners = (0..<count).map { _ in Int.random(in: 0...unitCount, using: &random) }
        let elements = (0...unitCount).map { owner in owners.count { $0 == owner } }
        add(
          "owned\(number)", count, "F32", #", "owners": {"map": "map\#(number)", "elements": \#(elements)}"#)
        let all = Set(0..<count)
        // The last one belongs to one network only.
        let isPrivate = number == 2
        if isPrivate { privates[1] += #", "owned2""# }
        let kept = levels.enumerated().map { network, level -> Set<Int> in
          isPrivate && network != 1
            ? [] : all.filter { owners[$0] > 0 && level.contains(owners[$0] - 1) }
        }
        counted.append(
          (
            kept, levels.indices.map { isPrivate && $0 != 1 ? [] : all }, all,
            kept.reduce(into: Set()) { $0.formUnion($1) }
          ))
        addPlain("map\(number)", count)
      }
      for number in 0..<3 {
        let count = Int.random(in: 1...9, using: &random)
        let all = Set(0..<count)
        let name = "masked\(number)"
        add(name, count, "F32", #", "mask": "mask\#(number)""#)
        let masks = (0..<4).map { _ in
          number > 0 && Bool.random(using: &random) ? nil : Set(subset(of: 0..<count))
        }
        let kept = masks.map { $0 ?? all }
        counted.append((kept, levels.map { _ in all }, all, kept.reduce(into: Set()) { $0.formUnion($1) }))
        for (network, mask) in masks.enumerated() {
          guard let mask else { continue }
          maskSets["mask\(number).\(network)"] = mask
          addPlain("mask\(number).\(network)", count, of: [network])
          privates[network] += #", {"name": "mask\#(number).\#(network)", "as": "mask\#(number)"}"#
        }
        // A pattern that matches no mask would be refused.
        if masks.allSatisfy({ $0 == nil }) {
          entries[entries.count - 1] = #"{"name": "\#(name)", "dtype": "F32", "shape": [\#(count)]}"#
        }
      }
      add("cut", 2 * unitCount, "F32", #", "axes": ["x"]"#)
      let all = Set(0..<2 * unitCount)
      let active = levels.map { level in all.filter { level.contains($0 / 2) } }
      counted.append((active, active, all, all))
      func task(_ name: String, _ first: Int) -> String {
        #"{"name": "\#(name)", "order": \#(Array(0..<unitCount)), "levels": \#(Array(levels[first..<first + 2])), "#
          + #""private_per_level": {"1": [\#(privates[first].dropFirst(2))], "2": [\#(privates[first + 1].dropFirst(2))]}}"#
      }
      let text = """
        {"format": "tessera.plan/1", "units": \(unitCount), "axes": {"x": {"size": \(2 * unitCount)}},
         "tensors": [\(entries.joined(separator: ",\n"))], "tasks": [\(task("a", 0)), \(task("b", 2))]}
        """
      let plan = try Plan(parsing: Array(text.utf8))
      let resolved = try plan.resolve(against: plan.describedTensors)
      var inventory = Inventory(resolved.partition, resolved.assignment)
      let names = inventory.tensors.map(\.name.text)
      inventory.countMasks { [maskSets] _, masks, _ in
        masks.reduce(into: Set<Int>()) { $0.formUnion(maskSets[names[$1]] ?? []) }.count
      }
      self.inventory = inventory
      networks = resolved.assignment.networks
      for tensor in counted {
        kept.append(tensor.kept)
        used.append(tensor.used)
        self.all.append(tensor.all)
        stored.append(tensor.stored)
      }
    }

    func count(_ elements: (Int) -> Set<Int>) -> Int { kept.indices.reduce(0) { $0 + elements($1).count } }

    func union(_ networks: [Int], _ sets: KeyPath<Self, [[Set<Int>]]>, of tensor: Int) -> Set<Int> {
      networks.reduce(into: []) { $0.formUnion(self[keyPath: sets][tensor][$1]) }
    }
  }

  private func policy(_ members: String) throws -> CountingPolicy {
    try CountingPolicy(
      parsing: Array(
        #"{"format":"tessera.counting-policy/1","id":"p","version":1,"title":"t"\#(members)}"#.utf8))
  }

  @Test("are those of sets of elements", arguments: 0..<150)
  func sets(seed: Int) throws {
    let sample = try Sample(seed: seed)
    func rows(_ members: String) throws -> [Int] {
      let counts = try sample.inventory.counts(under: policy(#","density":"masked"\#(members)"#))
      return (counts.networks + [counts.stored]).map(\.parameters.value)
    }
    let networks = Array(0..<4)
    let stored = sample.count { sample.stored[$0] }
    let active = networks.map { network in sample.count { sample.kept[$0][network] } }
    #expect(try rows("") == active + [stored])
    // A level counts with the lower ones, of both tasks or of its own.
    let lower = [[0, 2], [0, 1, 2, 3], [0, 2], [0, 1, 2, 3]]
    let unions = lower.map { lower in sample.count { sample.union(lower, \.kept, of: $0) } }
    #expect(try rows(#","scope":"union""#) == unions + [stored])
    let increments = networks.map { network in
      sample.count {
        sample.kept[$0][network].subtracting(network % 2 == 0 ? [] : sample.kept[$0][network - 1])
      }
    }
    #expect(try rows(#","scope":"increment""#) == increments + [stored])
    #expect(increments[0] + increments[1] == sample.count { sample.union([0, 1], \.kept, of: $0) })
    let tasks = [[0, 1], [2, 3]].map { task in sample.count { sample.union(task, \.kept, of: $0) } }
    let unused = sample.count { tensor in
      sample.stored[tensor].subtracting(sample.union(networks, \.kept, of: tensor))
    }
    #expect(try rows(#","ties":"use""#) == active + [tasks[0] + tasks[1] + unused])
    #expect(try rows(#","scope":"stored""#) == networks.map { _ in stored } + [stored])
  }

  @Test(
    "and those that they take out are all that a network has, never more under masks than without",
    arguments: 0..<60)
  func conservation(seed: Int) throws {
    let sample = try Sample(seed: seed)
    let masked = try sample.inventory.counts(under: policy(#","density":"masked""#))
    let dense = try sample.inventory.counts(under: policy(""))
    #expect(masked.networks.count == 4)
    for (row, whole) in zip(masked.networks + [masked.stored], dense.networks + [dense.stored]) {
      #expect(row.parameters.value + row.excluded.value == whole.parameters.value)
      #expect(row.parameters.value <= whole.parameters.value)
      #expect(row.roles.reduce(0) { $0 + $1.parameters.value } == row.parameters.value)
    }
    #expect(
      masked.stored.parameters.value + masked.stored.excluded.value == sample.count { sample.all[$0] })
    let pair = [sample.networks[1], sample.networks[2]]
    let union = try sample.inventory.union(
      of: pair.map { Claim.Network(task: $0.task, level: $0.level) }, under: policy(#","density":"masked""#))
    #expect(union.together.parameters.value == sample.count { sample.union([1, 2], \.kept, of: $0) })
    #expect(union.separate.value == sample.count { sample.kept[$0][1] } + sample.count { sample.kept[$0][2] })
    #expect(union.together.parameters <= union.separate)
  }

  @Test("need the masks' data, unless only owners say what is left")
  func readiness() throws {
    let text = """
      {"format": "tessera.plan/1", "units": 1, "tensors": [
        {"name": "w", "dtype": "F32", "shape": [4], MEMBER}, {"name": "m", "dtype": "U8", "shape": [4]}],
       "tasks": [{"name": "t", "order": [0], "levels": [1]}]}
      """
    for (member, expected) in [(#""owners": {"map": "m", "elements": [1, 3]}"#, 7), (#""mask": "m""#, nil)] {
      let plan = try Plan(parsing: Array(text.replacing("MEMBER", with: member).utf8))
      let resolved = try plan.resolve(against: plan.describedTensors)
      let inventory = Inventory(resolved.partition, resolved.assignment)
      let masked = try policy(#","density":"masked""#)
      #expect(inventory.isReady(for: masked) == (expected != nil))
      do throws(AccountingError) {
        #expect(try inventory.counts(under: masked).networks.first?.parameters.value == expected)
      } catch { #expect(error == .needsValues(policy: "p") && expected == nil) }
    }
  }
}
