import Accounting
import Tensors
import Testing
import UnitModel

@Suite("Selected rows")
struct RowSelectionTests {
  /// Task `fine` with levels of 1, 3 and 2 units, `coarse` with two levels.
  private func counts() throws -> (ParameterCounts, [TaskAssignment]) {
    let axis = try ChannelAxis.sized(name: "x", size: 60, sizes: [10, 20, 30])
    var cutter = try DimensionCutter(axes: [axis])
    let tensor = try TensorPlacement(
      spec: try TensorSpec(name: "w", dtype: .bf16, shape: [60]), dimensions: [.axis(AxisUse("x"))],
      cutter: &cutter)
    let partition = try Partition(unitCount: 3, axes: [axis], tensors: [tensor])
    func task(_ name: TaskID, _ levels: [[Int]]) -> TaskAssignment {
      TaskAssignment(
        task: name, order: [UnitID(2), UnitID(0), UnitID(1)],
        levels: levels.map { UnitSet($0.map { UnitID($0) }) })
    }
    let assignment = try Assignment(
      tasks: [task("fine", [[2], [0, 1, 2], [0, 1]]), task("coarse", [[0], [0, 1]])],
      provenance: Provenance(rule: "by-hand"), unitCount: 3, axes: ["x"])
    let counts = try Inventory(partition, assignment).counts(under: PolicyPreset.policy(named: "all-stored"))
    return (counts, assignment.tasks)
  }

  static let cases: [(RowSelection, [String])] = [
    (RowSelection(), ["fine 1 30", "fine 2 60", "fine 3 30", "coarse 1 10", "coarse 2 30"]),
    (RowSelection(tasks: ["coarse"]), ["coarse 1 10", "coarse 2 30"]),
    (RowSelection(level: .number(LevelNumber(2))), ["fine 2 60", "coarse 2 30"]),
    (RowSelection(level: .number(LevelNumber(3))), ["fine 3 30"]),
    (RowSelection(level: .budget(.parameters(ParameterCount(30)))), ["fine 3 30", "coarse 2 30"]),
    (RowSelection(level: .budget(.bytes(ByteCount(119)))), ["fine 3 30", "coarse 2 30"]),
    (
      RowSelection(tasks: ["fine"], level: .budget(.bytes(ByteCount(120)))), ["fine 3 30"]
    ),
    (RowSelection(tasks: ["coarse"], level: .budget(.parameters(ParameterCount(29)))), ["coarse 1 10"]),
    (
      RowSelection(level: .levels(["fine": LevelNumber(2), "coarse": LevelNumber(1)])),
      ["fine 2 60", "coarse 1 10"]
    ),
    (RowSelection(tasks: ["fine"], level: .levels(["fine": LevelNumber(3)])), ["fine 3 30"]),
    (RowSelection(level: .levels(["fine": LevelNumber(1)])), ["fine 1 30"]),
  ]

  @Test("are those of tasks, a level, or the highest level within a budget", arguments: cases)
  func rows(selection: RowSelection, expected: [String]) throws {
    let (counts, tasks) = try counts()
    let rows = try counts.rows(selection, of: tasks)
    #expect(rows.map { "\($0.task?.text ?? "") \($0.level?.value ?? 0) \($0.parameters.value)" } == expected)
  }

  static let refused: [(RowSelection, PlanError)] = [
    (RowSelection(tasks: ["find"]), .unknownTask(name: "find", nearest: "fine", tasks: ["fine", "coarse"])),
    (
      RowSelection(tasks: ["coarse"], level: .number(LevelNumber(3))),
      .unknownLevel(place: "task 'coarse'", level: 3, levels: 2)
    ),
    (
      RowSelection(level: .number(LevelNumber(0))),
      .unknownLevel(place: "task 'fine'", level: 0, levels: 3)
    ),
    (
      RowSelection(level: .budget(.parameters(ParameterCount(29)))),
      .nothingFits(task: "fine", budget: .parameters(ParameterCount(29)), smallest: "30 parameters")
    ),
  ]

  @Test("that do not exist are an error", arguments: refused)
  func refusals(selection: RowSelection, expected: PlanError) throws {
    let (counts, tasks) = try counts()
    do {
      _ = try counts.rows(selection, of: tasks)
      Issue.record("expected \(expected)")
    } catch { #expect(error == expected) }
  }

  @Test("exceed a limit only when they are over it")
  func limits() throws {
    let row = try counts().0.networks[3]
    #expect(!Budget.parameters(ParameterCount(10)).isExceeded(by: row))
    #expect(Budget.parameters(ParameterCount(9)).isExceeded(by: row))
    #expect(!Budget.bytes(ByteCount(20)).isExceeded(by: row))
    #expect(Budget.bytes(ByteCount(19)).isExceeded(by: row))
  }
}
