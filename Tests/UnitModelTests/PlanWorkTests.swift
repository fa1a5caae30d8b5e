import Tensors
import TestSupport
import Testing

@testable import UnitModel

/// 5,000 entries whose stars can match in very many ways.
private func slowEntries(end: String) -> [PlanTensor] {
  let pattern = NamePattern(String(repeating: "*a", count: 13) + end)
  return (0..<5000).compactMap { _ in pattern.map { PlanTensor(selector: .match($0)) } }
}

/// Entries that no name but the last matches.
let slowPlan = Plan(unitCount: 1, tensors: slowEntries(end: "*b*"))

/// 2,000 names in 2 MB.
func slowNames() throws -> [TensorSpec] {
  let letters = String(repeating: "a", count: 900)
  return try (0..<2000).map {
    try TensorSpec(name: TensorName("\(letters)\($0)\($0 == 1999 ? "b" : "a")"), dtype: .u8, shape: [2])
  }
}

@Suite("What meeting a plan with tensors may cost")
struct PlanWorkTests {
  private static func specs(_ names: [String]) throws -> [TensorSpec] {
    try names.map { try TensorSpec(name: TensorName($0), dtype: .u8, shape: [2]) }
  }

  private static func entries(_ patterns: [String]) -> [PlanTensor] {
    patterns.compactMap { NamePattern($0) }.map { PlanTensor(selector: .match($0)) }
  }

  private static func outcome(_ plan: Plan, _ specs: [TensorSpec]) -> Result<ResolvedPlan, PlanError> {
    do throws(PlanError) { return .success(try plan.resolve(against: specs)) } catch {
      return .failure(error)
    }
  }

  @Test("2,000 long names met with 5,000 patterns of 14 stars end, and say why")
  func hostile() throws {
    #expect(slowPlan.tensors.count == 5000)
    let specs = try slowNames()
    var outcome: Result<ResolvedPlan, PlanError>?
    let seconds = threadSeconds { outcome = Self.outcome(slowPlan, specs) }
    #expect(seconds < wrongOrderSeconds)
    guard case .failure(let error) = outcome, case .tooMuchWork(let place, PlanWork.limit) = error else {
      Issue.record("\(String(describing: outcome))")
      return
    }
    #expect(
      error.description
        == "\(place): expected a plan that needs at most 600,000,000 comparisons of bytes, found more"
    )
  }

  @Test("the same patterns after one that takes every name cost one comparison each")
  func hostileShadowed() throws {
    let plan = Plan(unitCount: 1, tensors: Self.entries(["*"]) + slowEntries(end: "*"))
    let specs = try slowNames()
    var outcome: Result<ResolvedPlan, PlanError>?
    let seconds = threadSeconds { outcome = Self.outcome(plan, specs) }
    #expect(seconds < wrongOrderSeconds)
    #expect(try outcome?.get().notes.count == 5000)
  }

  @Test("a plan that is large and honest stays below the limit")
  func honest() throws {
    let middles = ["attention.query", "attention.key", "attention.value", "mlp.up", "mlp.down"]
    var names: [String] = []
    for layer in 0..<2000 {
      for middle in middles {
        names.append("model.decoder.language.layers.\(layer).\(middle).projection.weight")
      }
    }
    // The first 195 patterns are tried on nearly every name without a match.
    var patterns = (0..<195).map { "*.layers.*.expert\($0).{}.weight" }
    patterns += middles.map { "*.layers.{}.\($0).*" }
    // Each pattern needs a name that it matches, or the plan is refused.
    names += (0..<195).map { "a.layers.0.expert\($0).b.weight" }
    let table = NameTable(specs: try Self.specs(names), ties: [:])
    var work = PlanWork()
    let found = try Plan(unitCount: 1, tensors: Self.entries(patterns)).matchEntries(table, work: &work)
    #expect(found.matches.count == 10_195)
    #expect(found.matches[9_999]?.captures.components == ["1999"])
    #expect(found.matches[10_194]?.entry == 194)
  }

  @Test("a limit is an error at the place where it was met")
  func limited() throws {
    let table = NameTable(specs: try Self.specs(["ab", "ac", "ad"]), ties: [:])
    let plan = Plan(unitCount: 1, tensors: Self.entries(["*b", "*{}c", "*"]))
    var work = PlanWork(limit: 60)
    let error = #expect(throws: PlanError.self) { _ = try plan.matchEntries(table, work: &work) }
    #expect(error == .tooMuchWork(place: "tensors[1]", limit: 60))
  }

  @Test("an entry is shadowed when all it matches is taken, and wrong when it matches nothing")
  func shadowed() throws {
    let specs = try Self.specs(["a.w", "a.b", "c"])
    let plan = Plan(unitCount: 1, tensors: Self.entries(["*.w", "a.*", "{}.b", "a.w", "c"]))
    let resolved = try Self.outcome(plan, specs).get()
    #expect(
      resolved.notes == [
        .entryShadowed(place: "tensors[2]", pattern: "{}.b"),
        .entryShadowed(place: "tensors[3]", pattern: "a.w"),
      ])
    let wrong = Plan(unitCount: 1, tensors: Self.entries(["*", "{}.c"]))
    #expect(
      Self.outcome(wrong, specs)
        == .failure(.matchesNothing(place: "tensors[1]", pattern: "{}.c", nearest: nil)))
  }
}
