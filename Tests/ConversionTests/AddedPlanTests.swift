import Conversion
import FlatFormats
import TensorStreams
import Tensors
import Testing
import UnitModel

/// The plan of several inputs: who uses which tensor, and under which name.
@Suite("Plans of added inputs")
struct AddedPlanTests {
  /// Tensors without bytes.
  private struct Source: FlatWeightsSource {
    let path: String
    let tensors: [SourceTensor]
    var kind: FlatFormatKind { .pytorch }
    var metadata: [(key: String, value: String)] { [] }
    var verbatim: [UInt8]? { nil }

    /// - Parameter names: `b=a` is a tensor `b` that is tied to `a`.
    init(_ path: String, _ names: [String]) throws {
      self.path = path
      tensors = try names.map { text in
        let sides = text.split(separator: "=").map { TensorName(String($0)) }
        return SourceTensor(
          spec: try TensorSpec(name: sides[0], dtype: .f32, shape: [4]),
          tiedTo: sides.count > 1 ? sides[1] : nil)
      }
    }

    func reader(of number: Int) throws -> any TensorByteReader { MemoryReader([]) }
  }

  private static func input(_ name: String, _ names: [String]) throws -> AddedInput {
    AddedInput(
      name: name, source: try Source("\(name).pt", names), fileName: nil, companions: [])
  }

  /// For each tensor, its users with their names for it; empty for a tensor of every task.
  private static func users(
    _ base: [String], _ inputs: [(String, [String])], plan: Plan = Plan(unitCount: 1)
  ) throws -> (users: [String: String], tasks: [String], lacking: [String]) {
    let source = try Source("base.pt", base)
    let added = try inputs.map { try input($0.0, $0.1) }
    let (full, lacking) = try plan.adding(added, to: source)
    let joined = JoinedInputs(source, added)
    let resolved = try full.resolve(against: joined.tensors.map(\.spec), ties: joined.ties)
    var users: [String: String] = [:]
    for tensor in resolved.partition.tensors {
      users[tensor.spec.name.text] = tensor.scope.users.map { user in
        user.alias.map { "\(user.task) as \($0)" } ?? "\(user.task)"
      }.joined(separator: ", ")
    }
    return (
      users, resolved.assignment.tasks.map { "\($0.task) \($0.order.map(\.index)) \($0.levels.count)" },
      lacking.map { "\($0.task) \($0.tensor)" }
    )
  }

  @Test("an adapter's tensors are private under their own names, and the base is shared")
  func adapter() throws {
    let found = try Self.users(["a", "b"], [("sql", ["x", "y/z"]), ("sql2", ["x"])])
    #expect(
      found.users == [
        "a": "", "b": "", "sql/x": "sql as x", "sql/y/z": "sql as y/z", "sql2/x": "sql2 as x",
      ])
    #expect(found.tasks == ["base [0] 1", "sql [0] 1", "sql2 [0] 1"])
    #expect(found.lacking.isEmpty)
  }

  @Test("a replaced tensor belongs to the tasks that do not replace it")
  func replaced() throws {
    let found = try Self.users(["a", "b", "c"], [("one", ["a", "b"]), ("two", ["b", "n"])])
    #expect(
      found.users == [
        "a": "base, two", "b": "base", "c": "", "one/a": "one as a", "one/b": "one as b",
        "two/b": "two as b", "two/n": "two as n",
      ])
  }

  @Test("tensors that are tied to a replaced one go with it, and are reported")
  func tied() throws {
    let found = try Self.users(["a", "b=a", "c"], [("one", ["b"]), ("two", ["a", "b=a"])])
    #expect(
      found.users == [
        "a": "base", "b": "base", "c": "", "one/b": "one as b", "two/a": "two as a", "two/b": "two as b",
      ])
    #expect(found.lacking == ["one a"])
  }

  @Test("a plan keeps its tasks with their rule's orders, and its private tensors")
  func planned() throws {
    let plan = Plan(
      unitCount: 2,
      tasks: [
        PlanTask(task: "p", privateTensors: [PlanPrivate(selector: .name("a"))]), PlanTask(task: "q"),
      ])
    let alone = try plan.filled().tasks.map { "\($0.task) \($0.order?.map(\.index) ?? []) 2" }
    let found = try Self.users(["a", "b"], [("one", ["a"]), ("two", ["b"])], plan: plan)
    #expect(
      found.users == [
        "a": "p", "b": "p, q, one", "one/a": "one as a", "two/b": "two as b",
      ])
    #expect(found.tasks == alone + ["one [0, 1] 1", "two [0, 1] 1"])
    // A task of the plan with the input's name keeps its order, levels and names.
    let own = Plan(
      unitCount: 2,
      tasks: [
        PlanTask(
          task: "one", order: [UnitID(1), UnitID(0)],
          privateTensors: [PlanPrivate(selector: .name("one/x"), alias: NamePattern("other"))])
      ])
    let kept = try Self.users(["a"], [("one", ["x", "y"])], plan: own)
    #expect(kept.users == ["a": "", "one/x": "one as other", "one/y": "one as y"])
    #expect(kept.tasks == ["one [1, 0] 2"])
  }

  static let refusals: [(base: [String], inputs: [(String, [String])], words: String)] = [
    (["a"], [("x", ["a"]), ("x", ["b"])], "x.pt: --add 'x': expected each name once, found it twice"),
    (
      ["a"], [("base", ["b"])],
      "base.pt: --add 'base': expected another name, found that of the task for base.pt"
    ),
    (
      ["a", "x/a"], [("x", ["b"])],
      "base.pt: --add 'x': expected no tensor under 'x/', which the names of x.pt get, found 'x/a'"
    ),
    (["a"], [("x", [])], "x.pt: --add 'x': expected at least one tensor, found none"),
    (["a"], [("x y", ["a"])], "which begins with a letter or digit, found 'x y'"),
    (["a"], [("x/y", ["a"])], "found 'x/y'"), (["a"], [("..", ["a"])], "found '..'"),
    (["a"], [("", ["a"])], "found ''"),
    (["a"], [(String(repeating: "n", count: 65), ["a"])], "a name of at most 64 letters"),
    (["a"], [("a\u{301}", ["a"])], "found 'a\u{301}'"),
  ]

  @Test("names that collide or that cannot be prefixes are refused")
  func refused() throws {
    var ran = 0
    for row in Self.refusals {
      let error = #expect(throws: ConversionError.self) { _ = try Self.users(row.base, row.inputs) }
      #expect(error.map { "\($0)" }?.contains(row.words) == true, "\(error.map { "\($0)" } ?? "")")
      ran += 1
    }
    #expect(ran == 10)
    // Not every collision is one of prefixes: `x` is no prefix of `xy/…`.
    _ = try Self.users(["x", "xy/a", "x.a"], [("x", ["a"])])
  }
}
