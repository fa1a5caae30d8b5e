import Foundation
import Tensors
import Testing
import UnitModel

/// The tensors to which the malformed plans are applied.
func fixtureSpecs() throws -> [TensorSpec] {
  let shapes: [(TensorName, DType, [Int])] = [
    ("layer0.up.weight", .f32, [12, 8]), ("layer1.up.weight", .f32, [12, 8]),
    ("layer0.down.weight", .f32, [8, 12]),
    ("layer1.down.weight", .f32, [8, 12]), ("layer0.up.bias", .f32, [12]),
    ("head.fine.1.weight", .f32, [5, 6]),
    ("head.fine.2.weight", .f32, [5, 11]), ("embed.weight", .f32, [10, 8]),
    ("lm_head.weight", .f32, [10, 8]),
    ("four.weight", .f4, [2, 6]), ("long.weight", .u8, [8_388_610]),
  ]
  return try shapes.map { try TensorSpec(name: $0.0, dtype: $0.1, shape: $0.2) }
}

let fixtureTies: [TensorName: TensorName] = ["lm_head.weight": "embed.weight"]

/// The folder of the fixtures, beside this file's own.
func planFixtures(_ folder: String) -> URL {
  URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/plans/\(folder)")
}

/// A plan with a compact tensor at level 1, and an order of its own on one axis.
func compactPlan() throws -> (Plan, [TensorSpec]) {
  let text = """
    { "format": "tessera.plan/1", "units": 2, "axes": { "x": { "size": 4 }, "y": { "size": 6 } },
      "tensors": [ { "name": "a", "axes": ["x", "y"] }, { "name": "n", "axes": [{ "axis": "x", "compact": true }] } ],
      "tasks": [ { "name": "t", "order": [0, 1], "levels": [1, 2], "private_per_level": { "1": ["n"] },
                   "axes": { "y": { "order": [1, 0], "levels": [1, 1] } } } ] }
    """
  return (
    try Plan(parsing: Array(text.utf8)),
    [
      try TensorSpec(name: "a", dtype: .f32, shape: [4, 6]),
      try TensorSpec(name: "n", dtype: .f32, shape: [2]),
    ]
  )
}

@Suite("Malformed plans")
struct PlanErrorTests {
  /// The cases of `PlanError`, read from its source, because an enum with associated values has no `allCases`.
  static func caseNames() throws -> [String] {
    let source = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/UnitModel/Plan/PlanError.swift")
    return try String(contentsOf: source, encoding: .utf8).split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      return words.first == "case" ? words.dropFirst().first.map { String($0.prefix { $0 != "(" }) } : nil
    }
  }

  static func name(_ error: PlanError) -> String { Mirror(reflecting: error).children.first?.label ?? "" }

  /// The lines `file: sentence`, by file.
  private static func expectations() throws -> [String: String] {
    let text = try String(contentsOf: planFixtures("bad").appending(path: "EXPECTED"), encoding: .utf8)
    var expected: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ".json: ", maxSplits: 1)
      expected[String(parts[0])] = parts.count == 2 ? String(parts[1]) : ""
    }
    return expected
  }

  @Test(
    "each malformed plan is refused with its own error and sentence, and every error has a plan or a call")
  func fixtures() throws {
    let expected = try Self.expectations()
    var met: Set<String> = []
    var listing = ""
    let files = try FileManager.default.contentsOfDirectory(
      atPath: planFixtures("bad").path(percentEncoded: false)
    )
    .filter { $0.hasSuffix(".json") }.sorted()
    for file in files {
      let name = String(file.dropLast(5))
      let bytes = try Array(Data(contentsOf: planFixtures("bad").appending(path: file)))
      let error = #expect(throws: PlanError.self, "\(file)") {
        _ = try Plan(parsing: bytes).resolve(against: fixtureSpecs(), ties: fixtureTies)
      }
      guard let error else { continue }
      met.insert(Self.name(error))
      #expect(Self.name(error) == name.prefix { $0 != "-" }, "\(file): \(error)")
      #expect(error.description == expected[name], "\(file)")
      listing += "\(file): \(error)\n"
    }
    if let path = ProcessInfo.processInfo.environment["TESSERA_WRITE_EXPECTED"] {
      try listing.write(toFile: path, atomically: true, encoding: .utf8)
    }
    #expect(Set(expected.keys) == Set(files.map { String($0.dropLast(5)) }))
    for (error, call) in Self.calls {
      let thrown = #expect(throws: PlanError.self) { try call() }
      #expect(thrown.map(Self.name) == error)
      met.insert(error)
    }
    let cases = try Self.caseNames()
    #expect(cases.count > 35)
    #expect(Set(cases).subtracting(met) == [], "errors without a fixture")
  }

  @Test(
    "a new order of a task keeps the sizes of its levels, and the orders of its axes unless others are given")
  func reassigned() throws {
    let (plan, specs) = try compactPlan()
    func task(_ order: UnitOrder) throws -> TaskAssignment? {
      try plan.reassigned([order], Provenance(rule: "by-hand")).resolve(against: specs).assignment.task("t")
    }
    let units = { (numbers: [Int]) in numbers.map { UnitID($0) } }
    let same = try #require(try task(UnitOrder(task: "t", order: units([0, 1]))))
    #expect(
      same.axes.map(\.order) == [units([1, 0])]
        && same.axes[0].levels == [UnitSet(units([1])), UnitSet(units([1]))])
    let other = try #require(
      try task(UnitOrder(task: "t", order: units([0, 1]), axes: [AxisName("y"): units([0, 1])])))
    #expect(
      other.axes.map(\.order) == [units([0, 1])]
        && other.axes[0].levels == [UnitSet(units([0])), UnitSet(units([0]))])
    #expect(other.levels == [UnitSet(units([0])), UnitSet(units([0, 1]))])
  }

  @Test("an unknown task is answered with the names of up to eight tasks, or with their number")
  func unknownTask() {
    func sentence(_ count: Int) -> String {
      let tasks = (0..<count).map { TaskAssignment(task: TaskID("t\($0)"), order: [], levels: []) }
      return PlanError.unknownTask("other", among: tasks).description
    }
    #expect(sentence(0) == "task: expected no task, because the file has none, found 'other'")
    #expect(sentence(1).hasPrefix("task: expected 't0', found 'other'"))
    #expect(sentence(3).hasPrefix("task: expected 't0', 't1' or 't2', found 'other'"))
    #expect(sentence(12).hasPrefix("task: expected one of the 12 tasks, found 'other'"))
  }

  /// Errors that no document of reasonable size causes.
  static let calls: [(String, @Sendable () throws -> Void)] = [
    ("badBudget", { _ = try Budget(parsing: "7B") }),
    (
      "compactMoved",
      {
        let (plan, specs) = try compactPlan()
        let changed = try plan.reassigned(
          [UnitOrder(task: "t", order: [UnitID(1), UnitID(0)])], Provenance(rule: "by-hand"))
        try plan.resolve(against: specs).requireSameChannels(in: try changed.resolve(against: specs))
      }
    ),
    ("nothingFits", { _ = try Budget(parsing: "5").select(from: [], of: "t") }),
    (
      "unknownLevelName",
      {
        let task = TaskAssignment(task: "x", order: [], levels: [UnitSet()], levelNames: ["small"])
        _ = try task.knownLevel("smal")
      }
    ),
    ("unknownTask", { _ = try Assignment.none.network(task: "fine", level: LevelNumber(1)) }),
    ("tooMuchWork", { _ = try slowPlan.resolve(against: slowNames()) }),
    (
      "tooManyNetworks",
      {
        let levels = [UnitSet](repeating: UnitSet(), count: Assignment.networkLimit + 1)
        _ = try Assignment(
          tasks: [TaskAssignment(task: "x", order: [], levels: levels)], provenance: Provenance(rule: "x"),
          unitCount: 1, axes: [])
      }
    ),
  ]
}
