import ByteFiles
import Conversion
import FlatFormats
import StrictJSON
import TensorStreams
import Tensors
import TestSupport
import Testing
import UnitCheckpoints
import UnitModel

/// Distributed checkpoints with their optimizers (Tests/Fixtures/dcp/make.py): digests are PyTorch's.
@Suite("Optimizers of distributed checkpoints")
struct DistributedOptimizerTests {
  private static let home = SourceFolder.fixtures + "/dcp"
  /// The parameters in the order of the groups: a bias, and two weights from last to first.
  private static let order: [TensorName] = ["first.bias", "last.weight", "first.weight"]

  private static func trained(
    _ layout: String, order: [TensorName]? = nil
  ) throws -> TrainedWeights {
    let flat = try #require(try FlatFormats.open(folder: "\(home)/\(layout)"))
    return try TrainedWeights(flat, try #require(try flat.optimizer()), order: order)
  }

  /// For each tensor of the state, its dtype, shape and SHA-256, under PyTorch's name.
  private static func expected(_ layout: String) throws -> [String: [JSONValue]] {
    let bytes = try TemporaryFolder.bytes(of: "\(home)/optimizers.json")
    guard case .object(let document) = try JSONParser().parse(bytes),
      case .object(let states)? = document["state"], case .object(let rows)? = states[layout]
    else { return [:] }
    var found: [String: [JSONValue]] = [:]
    for member in rows.members {
      if case .array(let values) = member.value { found[member.key] = values }
    }
    return found
  }

  /// A digest and a shape of each tensor of the state, by its name without the prefix.
  private static func rows(_ source: any TensorSource) throws -> [String: (shape: [Int], digest: String)] {
    var found: [String: (shape: [Int], digest: String)] = [:]
    for (number, tensor) in source.tensors.enumerated()
    where tensor.spec.name.text.hasPrefix("optimizer.state.") {
      found[String(tensor.spec.name.text.dropFirst("optimizer.state.".count))] = (
        tensor.spec.shape, try source.digest(of: number).description
      )
    }
    return found
  }

  @Test("every moment has PyTorch's bytes under its parameter", arguments: ["named", "flat", "numbered"])
  func moments(layout: String) throws {
    let trained = try Self.trained(layout, order: layout == "numbered" ? Self.order : nil)
    let expected = try Self.expected(layout == "numbered" ? "named" : layout)
    let found = try Self.rows(trained)
    #expect(expected.count == 9)
    #expect(Set(found.keys) == Set(expected.keys))
    for (name, row) in expected {
      #expect(row.last == .string(found[name]?.digest ?? ""), "\(name)")
      #expect(row[1] == .array((found[name]?.shape ?? []).map { JSONValue($0) }), "\(name)")
    }
    #expect(trained.leftOut.isEmpty, "\(trained.leftOut)")
    let state = trained.optimizer.state
    #expect(state.place == [.text("optimizer")] && state.modelPlace == ["model"])
    #expect(state.parameters.map(\.name) == Self.order)
    #expect(state.groups.map(\.parameters.count) == [1, 2])
    // As PyTorch's own optimizer had them, for each parameter.
    let rates = state.groups.map { $0.values.first { $0.key == .text("lr") }?.value }
    #expect(rates == [.real(0.25.bitPattern), .real(0.5.bitPattern)])
    let betas = state.groups[1].values.first { $0.key == .text("betas") }?.value
    #expect(betas == .tuple([.real(0.75.bitPattern), .real(0.875.bitPattern)]))
    #expect(state.groups.allSatisfy { $0.values.count == 11 })
    #expect(trained.optimizer.hasOrder == (layout != "flat"))
  }

  @Test("numbers need the order of the parameters, and a wrong order is refused")
  func numbers() throws {
    var error = #expect(throws: ConversionError.self) { try Self.trained("numbered") }
    #expect(error?.description.contains("the names of its parameters with --parameter-order") == true)
    error = #expect(throws: ConversionError.self) {
      try Self.trained("numbered", order: ["first.bias", "first.weight", "last.weight"])
    }
    #expect(error?.description.contains("expected state of the shape") == true)
  }

  @Test("the state goes through units and comes back as a training checkpoint")
  func units() throws {
    let folder = try TemporaryFolder()
    let trained = try Self.trained("named")
    let plan = try Plan(
      parsing: Array(
        """
        {"format": "tessera.plan/1", "units": 7, "axes": {"h": {"size": 7}},
         "tensors": [{"name": "first.weight", "axes": ["h", null]}, {"name": "first.bias", "axes": ["h"]},
                     {"name": "last.weight", "axes": [null, "h"]}],
         "tasks": [{"name": "t", "levels": [3, 7]}]}
        """.utf8))
    let (contents, _) = try CheckpointContents.cutting(
      trained.weights, plan: try plan.adding(trained), planPath: "plan.json", trained: trained)
    try FlatToUnits(trained, contents: contents, destination: folder.file("m.h5")).run { _ in }
    let checkpoint = try UnitCheckpoint(try ReadableFile(path: folder.file("m.h5")))
    #expect(try checkpoint.optimizer()?.state == trained.optimizer.state)
    #expect(try Self.rows(checkpoint).mapValues(\.digest) == Self.rows(trained).mapValues(\.digest))
  }

  /// States of metadata without `param_groups`, and with other forms of names.
  @Test("other forms of names")
  func forms() throws {
    // Sharded by hand, without a list of parameters: one group with the only setting.
    let ranks = try Self.trained("ranks")
    #expect(ranks.optimizer.state.parameters.map(\.name) == ["rows"])
    #expect(ranks.optimizer.state.groups.map(\.values.count) == [1])
    #expect(ranks.optimizer.state.place == [.text("optimizer")])
    // torchtitan: names beside the model's, and settings of one parameter.
    let titan = try Self.trained("uneven")
    #expect(titan.optimizer.state.parameters.map(\.name) == ["first.weight", "first.bias", "last.weight"])
    #expect(titan.optimizer.state.groups.map(\.parameters.count) == [1, 2])
    #expect(titan.optimizer.state.groups.map(\.values.count) == [1, 0])
    #expect(!titan.optimizer.hasOrder)
    #expect(titan.leftOut.isEmpty, "\(titan.leftOut)")
    #expect(try FlatFormats.open(folder: "\(Self.home)/grid")?.optimizer() == nil)
  }
}
