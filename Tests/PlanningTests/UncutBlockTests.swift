import Tensors
import Testing
import UnitModel

@testable import Planning

/// Plans for a small model of a family, applied to a large one.
@Suite("Uncut blocks")
struct UncutBlockTests {
  /// The tensors of one block, and the cuts of its tensors.
  private struct Family {
    let name: String
    let tensors: [(String, [Int])]
    let cuts: [(String, String)]
  }

  private static let families = [
    Family(
      name: "layer1.#", tensors: [("conv1.weight", [8, 4, 3, 3]), ("conv2.weight", [4, 8, 3, 3])],
      cuts: [("conv1.weight", "c#,-,-,-"), ("conv2.weight", "-,c#,-,-")]),
    Family(
      name: "model.layers.#",
      tensors: [("mlp.up_proj.weight", [12, 6]), ("mlp.down_proj.weight", [6, 12]), ("norm.weight", [6])],
      cuts: [("mlp.up_proj.weight", "f#,-"), ("mlp.down_proj.weight", "-,f#")]),
    Family(
      name: "h/#", tensors: [("a/kernel", [6, 10]), ("a/bias", [10]), ("b/kernel", [10, 6])],
      cuts: [("a/kernel", "-,f#"), ("a/bias", "f#"), ("b/kernel", "f#,-")]),
  ]

  private func uncut(_ family: Family, blocks: Int, cut: Int) throws -> UncutBlocks? {
    let slash = family.name.contains("/") ? "/" : "."
    func name(_ number: Int, _ tensor: String) -> String {
      family.name.replacing("#", with: "\(number)") + slash + tensor
    }
    let list = (0..<blocks).flatMap { number in family.tensors.map { (name(number, $0.0), $0.1) } }
    let cuts = try (0..<cut).flatMap { number in
      try family.cuts.map {
        try CutOption(parsing: "\(name(number, $0.0))=\($0.1.replacing("#", with: "\(number)"))")
      }
    }
    return try PlanRequest(unitCount: 2, cuts: cuts).propose(for: specs(list)).resolved.uncutBlocks
  }

  @Test("blocks with the names and shapes of cut ones are counted, and none where all are cut")
  func counted() throws {
    var cases = 0
    for family in Self.families {
      for (blocks, cut) in [(2, 1), (5, 2), (12, 6), (3, 3)] {
        cases += 1
        let found = try uncut(family, blocks: blocks, cut: cut)
        guard blocks > cut else {
          #expect(found == nil)
          continue
        }
        #expect(found?.names.count == blocks - cut)
        #expect(found?.tensorCount == (blocks - cut) * family.tensors.count)
        #expect(found?.example == family.name.replacing("#", with: "0"))
      }
    }
    #expect(cases == 12)
  }

  @Test("what is said of them")
  func sentence() throws {
    #expect(
      try uncut(Self.families[0], blocks: 6, cut: 2)?.description
        == "4 blocks with 8 tensors are left whole, though 'layer1.0' and the like, with the same names and shapes, "
        + "are cut: 'layer1.2', 'layer1.3', 'layer1.4' and 1 more; is this plan for another model?")
  }

  @Test("blocks of other shapes, and chains of single layers, are no such blocks")
  func others() throws {
    func uncut(_ list: [(String, [Int])], _ cuts: [String]) throws -> UncutBlocks? {
      try PlanRequest(unitCount: 2, cuts: cuts.map(CutOption.init(parsing:))).propose(for: specs(list))
        .resolved
        .uncutBlocks
    }
    #expect(
      try uncut(
        [
          ("b.0.a.weight", [8, 4]), ("b.0.c.weight", [4, 8]), ("b.1.a.weight", [6, 4]),
          ("b.1.c.weight", [4, 6]),
        ],
        ["b.0.a.weight=f,-", "b.0.c.weight=-,f"]) == nil)
    #expect(
      try uncut(
        [("f.0.weight", [4, 4]), ("f.0.bias", [4]), ("f.1.weight", [4, 4]), ("f.1.bias", [4])],
        ["f.0.weight=f,-", "f.0.bias=f"]) == nil)
  }
}
