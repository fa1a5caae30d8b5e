import TensorStreams
import Tensors
import Testing

@testable import FlatFormats

/// How names of a distributed checkpoint become an optimizer's state.
@Suite("States of distributed checkpoints")
struct DistributedStateTests {
  private typealias Value = OptimizerState.Value

  private static func read(_ items: [(String, OptimizerState.Value)]) throws(OptimizerState.Malformed)
    -> DistributedOptimizer
  {
    try DistributedOptimizer(
      items, model: ["fc.weight", "fc.bias", "0", "0.weight"], place: [.text("optimizer")], modelPlace: [])
  }

  static let forms: [(path: String, parameter: TensorName, key: String)] = [
    ("state.fc.weight.exp_avg", "fc.weight", "exp_avg"), ("state.exp_avg.fc.bias", "fc.bias", "exp_avg"),
    ("fc.bias.exp_avg", "fc.bias", "exp_avg"), ("state.0.weight.exp_avg", "0.weight", "exp_avg"),
    ("state.0.step", "0", "step"), ("state.state.fc.weight", "fc.weight", "state"),
  ]

  @Test("a moment belongs to the parameter that its name begins or ends with", arguments: forms.indices)
  func parameters(number: Int) throws {
    let form = Self.forms[number]
    let name = TensorName("optimizer." + form.path)
    let found = try Self.read([(form.path, .tensor(name))])
    let parameter = try #require(found.state.parameters.first)
    #expect(found.state.parameters.count == 1 && parameter.name == form.parameter)
    #expect(parameter.state?.map(\.key) == [.text(form.key)])
    #expect(found.names == [name: TensorName("state.\(form.parameter.text).\(form.key)")])
    #expect(!found.hasOrder && Self.forms.count == 6)
  }

  @Test("values below numbers are lists, and settings of parameters make groups")
  func groups() throws {
    let half = Value.real(0.5.bitPattern)
    let nested = try Self.read([
      ("state.fc.weight.moments.1", .integer(4)), ("state.fc.weight.moments.0", .integer(3)),
      ("param_groups.0.betas.0", half), ("param_groups.0.betas.1", .integer(1)),
      ("param_groups.0.params", .list([.text("fc.weight"), .text("fc.bias")])), ("more.deep.x", .none),
    ])
    #expect(nested.hasOrder && nested.state.parameters.map(\.name) == ["fc.weight", "fc.bias"])
    #expect(
      nested.state.parameters[0].state?.first?.value == .list([.integer(3), .integer(4)])
        && nested.state.parameters[1].state == nil)
    #expect(nested.state.groups[0].values.map(\.value) == [.list([half, .integer(1)])])
    #expect(nested.state.others.map(\.key) == [.text("more")])
    let flat = try Self.read([
      ("param_groups.fc.weight.lr", half), ("param_groups.fc.bias.lr", .integer(1)),
      ("param_groups.0.weight.lr", half), ("state.0.step", .integer(1)),
    ])
    #expect(flat.state.groups.map(\.parameters.count) == [2, 1, 1])
    #expect(
      flat.state.parameters.map(\.name) == ["fc.weight", "0.weight", "fc.bias", "0"])
  }

  static let refusals: [(items: [(String, OptimizerState.Value)], words: String)] = [
    ([("state.other.exp_avg", .integer(1))], "tensors of the model"),
    ([("param_groups.other.lr", .integer(1))], "a group, or of a tensor"),
    ([("param_groups.0.lr", .integer(1)), ("param_groups.fc.bias.lr", .integer(1))], "groups, or settings"),
    ([("param_groups.0.params", .list([.text("fc.bias"), .text("fc.bias")]))], "each in one group"),
    (
      [("param_groups.0.params", .list([.text("fc.bias")])), ("state.fc.weight.step", .integer(1))],
      "parameters that are in a group"
    ),
    ([("state.fc.weight.a", .integer(1)), ("state.fc.weight.a.b", .integer(1))], "a value or a dictionary"),
    ([("state." + String(repeating: "a.", count: 70) + "b", .integer(1))], "at most 64 steps"),
  ]

  @Test("names that contradict each other are refused")
  func refused() {
    for (items, words) in Self.refusals {
      let error = #expect(throws: OptimizerState.Malformed.self) { _ = try Self.read(items) }
      #expect(error?.expected.contains(words) == true, "\(String(describing: error))")
    }
    #expect(Self.refusals.count == 7)
  }

  @Test("a source of which everything is left out converts to nothing")
  func nothing() throws {
    struct Empty: TensorSource {
      var path: String { "x.pt" }
      var tensors: [SourceTensor] { [] }
      let leftOut: [LeftOut]
      func reader(of number: Int) throws -> any TensorByteReader { MemoryReader([]) }
    }
    let state = LeftOut("optimizer", "the state of an optimizer", .apart)
    let error = #expect(throws: FlatFormatError.self) {
      try Empty(leftOut: [state]).requireWhole { _ in true }
    }
    #expect(error?.description.contains("found none, but 'optimizer'") == true)
    try Empty(leftOut: []).requireWhole()
  }
}
