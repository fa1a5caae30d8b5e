import Foundation
import HDF5Kit
import TestSupport
import Testing

@testable import UnitCheckpoints

/// A forgery whose seal fits, but whose plan, tables, record and data disagree.
struct Lie: CustomTestStringConvertible, Sendable {
  let label: String
  /// The sound checkpoint that it is made from; nil if it is made in another way.
  var golden: GoldenCheckpoint?
  /// The words that the error must contain.
  var words: [String] = []
  /// Whether only the headers of the flat files show it, which extraction does not read.
  var isOfHeaders = false
  /// The name of one of its tasks.
  var task: String { golden?.plan.contains("\"name\": \"a\"") == true ? "a" : "t" }
  let make: @Sendable (TemporaryFolder) throws -> [UInt8]
  var testDescription: String { label }

  func bytes(in folder: TemporaryFolder) throws -> [UInt8] { try make(folder) }

  private static func lie(
    _ label: String, _ golden: GoldenCheckpoint, ofHeaders isOfHeaders: Bool = false, says words: String...,
    by forge: @escaping @Sendable (inout CheckpointForger) throws -> Void
  ) -> Lie {
    Lie(label: label, golden: golden, words: words, isOfHeaders: isOfHeaders) { _ in
      var forger = try CheckpointForger(path: golden.path)
      try forge(&forger)
      return try forger.sealed()
    }
  }

  static func lines(task: String) -> [[String]] {
    [
      ["inspect", "m.h5"], ["count", "m.h5"], ["count", "m.h5", "--roles"], ["count", "m.h5", "--work"],
      ["convert", "m.h5", "o.npz", "--opaque"], ["convert", "m.h5", "o.safetensors"],
      ["convert", "m.h5", "o.gguf"], ["convert", "m.h5", "o.onnx"], ["convert", "m.h5", "o/"],
      ["extract", "m.h5", "e.npz", "--task", task, "--level", "1"],
      ["extract", "m.h5", "e.safetensors", "--task", task, "--level", "1"],
      ["extract", "m.h5", "e.onnx", "--task", task, "--level", "1"], ["run", "m.h5", "--output", "r.npz"],
      ["verify", "m.h5", "m.h5"], ["diff", "m.h5", "m.h5"], ["plan", "m.h5", "--units", "2", "--cut", "*=a"],
    ]
  }

  static let all = plans + tables + records

  static let plans = [
    lie("a plan that takes another tensor for the axis", .grid, says: "plan") {
      try $0.replan("\"bias\"", by: "\"bios\"")
    },
    lie("a plan that cuts otherwise than the tables", .grid, says: "axes") {
      try $0.replan("[3, 1, 4]", by: "[4, 1, 3]")
    },
    lie("a plan in which two units change a channel", .scattered, says: "axes") {
      try $0.replan("[0, 3, 8]", by: "[0, 2, 8]")
      try $0.replan("[1, 2, 5]", by: "[1, 3, 5]")
    },
    lie("a plan with another order of units", .grid, says: "networks row 0", "units") {
      try $0.replan("[2, 0, 1]", by: "[1, 0, 2]")
    },
    lie("a plan with other levels", .grid, says: "networks row 0", "units") {
      try $0.replan("[1, 3]", by: "[2, 3]")
    },
    lie("a plan with a level more", .grid, says: "tasks and levels") {
      try $0.replan("[1, 3]", by: "[1, 2, 3]")
    },
    lie("a plan with another name of a task", .grid, says: "tasks") {
      try $0.replan("\"name\": \"a\"", by: "\"name\": \"b\"")
    },
    lie("a plan that is another document", .grid, says: "plan") { $0.tables.plan = Array("{}".utf8) },
    lie("no plan", .grid, says: "plan") { $0.tables.plan = [] },
  ]

  static let tables = [
    lie("a unit's position and a common one changed places", .mixed, says: "axes") {
      let first = Int($0.tables.cuts[0].segments.first)
      ($0.tables.segments[first + 3].unit, $0.tables.segments[first + 4].unit) = (-1, 2)
    },
    lie("a dimension on another axis of the same cut", .mixed, says: "axes") { forger in
      // Two axes with one cut: `b` again, under another name.
      let row = AxisRow(name: forger.append(name: "bb"), cut: forger.tables.axes[1].cut)
      forger.tables.axes.append(row)
      forger.tables.cutAxes.append(2)
      let last = UInt32(forger.tables.cutAxes.count - 1)
      try forger.dimension("private", 0) { $0.firstAxis = last }
    },
    lie("an axis of another name", .grid, says: "axes") { $0.tables.axes[0].name = $0.append(name: "other") },
    lie("an axis that no tensor needs", .grid, says: "axes") {
      let name = $0.append(name: "other")
      $0.tables.axes.append(AxisRow(name: name, cut: 0))
    },
    lie("an axis with another cut than its tensors", .grid, says: "axes") {
      $0.tables.axes[1].cut = 0
    },
    lie("a private tensor of fewer networks", .mixed, says: "'private'", "users") {
      let scope = $0.tables.tensors[try $0.tensor("private")].scope
      let rows = $0.tables.scopes[Int(scope)].networks
      $0.tables.scopeNetworks.remove(at: Int(rows.first) + 1)
      $0.tables.scopes[Int(scope)].networks.count = 1
      for row in $0.tables.scopes.indices where row > Int(scope) { $0.tables.scopes[row].networks.first -= 1 }
    },
    lie("a private tensor of other networks", .mixed, says: "users") {
      // Networks 0 and 1 become 0 and 2.
      let row = try #require($0.tables.scopeNetworks.firstIndex(of: 1))
      $0.tables.scopeNetworks[row] = 2
    },
    lie("another name for a network", .mixed, says: "'head'", "names and masks") {
      let name = $0.append(name: "bottom")
      $0.tables.views[try $0.view("head")].name = Int32(name)
    },
    lie("a network that knows a tensor by its own name", .mixed, says: "'head'", "names and masks") {
      $0.tables.views.remove(at: try $0.view("head"))
    },
    lie("a mask that is not laid on", .mixed, says: "'masked'", "names and masks") {
      $0.tables.views.remove(at: try $0.view("masked"))
    },
    lie("a mask for fewer networks", .mixed, says: "'masked'", "names and masks") {
      $0.tables.views[try $0.view("masked")].networks.count -= 1
    },
    lie("a mask on another tensor, too", .mixed, says: "'plain'", "names and masks") { forger in
      let (plain, map) = (UInt32(try forger.tensor("plain")), try forger.tensor("plain.twin"))
      let place = forger.tables.views.firstIndex { $0.tensor > plain } ?? forger.tables.views.count
      forger.tables.views.insert(
        ViewRow(tensor: plain, networks: RowRange(0, 2), name: -1, mask: Int32(map)), at: place)
    },
    lie("units of an owner map that changed places", .owners, says: "'b'", "owners") { forger in
      let rows = forger.tables.owned.indices.filter { forger.tables.owned[$0].elements == 2 }
      let other = try #require(
        forger.tables.owned.indices.first {
          forger.tables.owned[$0].tensor == forger.tables.owned[rows[0]].tensor
            && forger.tables.owned[$0].elements == 3
        })
      (forger.tables.owned[rows[0]].elements, forger.tables.owned[other].elements) = (3, 2)
      try forger.resize("free/BF16", [1, 1, 2, 2, 3, 3])
      try forger.resize("intra/0/BF16", [4, 4, 5, 5])
      try forger.rebuild()
      forger.repage()
    },
    lie("a tensor without its owners", .owners, says: "'b'", "owners") { forger in
      let number = UInt32(try forger.tensor("b"))
      forger.tables.owned.removeAll { $0.tensor == number }
      let bytes = [UInt8](repeating: 1, count: 14)
      forger.datasets.removeAll { $0.path.hasSuffix("/BF16") }
      forger.datasets.append(.init(path: "tensors/b", type: .bf16, shape: [7], bytes: bytes, dtype: nil))
      forger.tables.sections.removeAll { $0.dtype == "BF16" }
      forger.tables.sections.append(
        SectionRow(
          kind: 0, tensor: Int32(number), scope: -1, units: .none, dtype: "BF16", address: Layout.noAddress,
          bytes: 14))
      try forger.rebuild()
      forger.repage()
    },
    lie("a network with its units in another order", .grid, says: "networks row 1", "units") {
      $0.tables.networks[1].units = $0.append(units: [2, 1, 0])
    },
    lie("a network with more units", .grid, says: "networks row 0", "units") {
      $0.tables.networks[0].units = $0.append(units: [2, 0])
    },
    lie("a network without units", .grid, says: "networks row 0", "units") {
      $0.tables.networks[0].units = .none
    },
    lie("a level of another name", .mixed, says: "networks row 2", "units") {
      $0.tables.networks[2].name = Int32($0.append(name: "tiny"))
    },
    lie("a level without its name", .mixed, says: "networks row 2", "units") {
      $0.tables.networks[2].name = -1
    },
    lie("a task of another name", .mixed, says: "tasks") { $0.tables.tasks[1].name = $0.append(name: "u") },
    lie("an axis with another order of units", .mixed, says: "networks row 2", "units") {
      $0.tables.axisUnits[0].units = $0.append(units: [2, 1])
    },
    lie("an axis without an order of its own", .mixed, says: "networks row 2", "units") {
      $0.tables.axisUnits.removeFirst()
    },
    lie("an axis with an order that only the tables have", .mixed, says: "networks row 0", "units") {
      $0.tables.axisUnits.insert(AxisUnitsRow(network: 0, axis: 0, units: $0.append(units: [1])), at: 0)
    },
    lie("channels that are not in a task's order", .mixed, says: "'head'", "orders of channels") {
      $0.tables.reordered = []
    },
    lie("channels in the order of another axis", .mixed, says: "'head'", "orders of channels") {
      for row in $0.tables.reordered.indices { $0.tables.reordered[row].axis = 1 }
    },
    lie("channels that only the tables put in order", .mixed, says: "'own.map'", "orders of channels") {
      forger in
      let number = UInt32(try forger.tensor("own.map"))
      let place = forger.tables.reordered.firstIndex { $0.tensor > number } ?? forger.tables.reordered.count
      forger.tables.reordered.insert(
        ReorderedRow(tensor: number, dimension: 1, axis: 0, inner: 1, outer: 1), at: place)
    },
    lie("a tensor cut where the plan has none", .mixed, says: "'expert.0'", "cuts") { forger in
      // One part with all six elements, which has the unit of the tensor.
      let segments = UInt32(forger.tables.segments.count)
      forger.tables.segments.append(SegmentRow(length: 3, unit: 0, slot: 0))
      forger.tables.cuts.append(CutRow(segments: RowRange(first: segments, count: 1)))
      try forger.tensor("expert.0") { $0.units = .none }
      let cut = Int32(forger.tables.cuts.count - 1)
      try forger.dimension("expert.0", 0) { $0.cut = cut }
    },
    lie("a dimension in other repetitions", .mixed, says: "'head'", "orders of channels") {
      for row in $0.tables.reordered.indices { $0.tables.reordered[row].inner = 2 }
    },
    lie("an expert of another unit", .mixed, says: "'expert.0'", "units") { forger in
      // Exchanged with `expert.2`, which has the same number of elements.
      let rows = ["expert.0", "expert.2"].map { forger.tables.tensors[(try? forger.tensor($0)) ?? 0].units }
      try forger.tensor("expert.0") { $0.units = rows[1] }
      try forger.tensor("expert.2") { $0.units = rows[0] }
    },
    lie("a model digest of another model", .mixed, says: "SHA-256") { $0.modelSHA256[7] ^= 1 },
    lie("a tensor's digest without that of the model", .mixed, says: "SHA-256") {
      try $0.tensor("own") { $0.sha256[7] ^= 1 }
    },
    lie("a tensor of another name", .mixed, ofHeaders: true, says: "'plain") { forger in
      let name = forger.append(name: "plain.tw1n")
      try forger.tensor("plain.twin") { $0.name = name }
      try forger.remodel()
    },
    lie("a tensor of another shape", .mixed, ofHeaders: true, says: "'plain") { forger in
      let rows = [DimensionRow](repeating: DimensionRow(size: 3, cut: -1, firstAxis: 0), count: 2)
      for name in ["plain", "plain.twin"] { try forger.reshape(name, rows) }
      try forger.dataset("tensors/plain") { $0.shape = [3, 3] }
      try forger.remodel()
    },
    lie("a tensor of another dtype", .mixed, ofHeaders: true, says: "'plain") { forger in
      for name in ["plain", "plain.twin"] { try forger.tensor(name) { $0.dtype = "I8" } }
      let row = try forger.tensor("plain")
      for section in forger.tables.sections.indices where Int(forger.tables.sections[section].tensor) == row {
        forger.tables.sections[section].dtype = "I8"
      }
      try forger.dataset("tensors/plain") { $0.type = .i8 }
      try forger.remodel()
    },
  ]

  static let records = [
    lie("a private tensor in the plan alone", .privates, says: "plan") {
      try $0.replan("\"head.b\"]", by: "\"body\"]")
    },
    lie("a record of another format", .grid, says: "source") {
      try $0.resource("tessera.source/1", by: "tessera.source/9")
    },
    lie("free text that the header has not", .mixed, ofHeaders: true, says: "metadata") {
      try $0.resource(#""metadata": {"#, by: #""metadata": { "more": "text","#)
    },
    lie("a shard that leads elsewhere", .sharded, ofHeaders: true) {
      try $0.resource("shards-00001-of", by: "../rds-00001-of")
    },
    lie("a graph that is garbage", .graph, ofHeaders: true) {
      $0.headers[0] = $0.headers[0].map { _ in 0xFF }
    },
    Lie(label: "two holes of one size, swapped", isOfHeaders: true) { folder in
      let model = ModelBytes.model { graph in
        graph.value(11, "x", [2, 2])
        graph.tensor("v", [2, 2], raw: [UInt8](repeating: 0x3E, count: 16))
        graph.tensor("w", [2, 2], raw: [UInt8](repeating: 0x3F, count: 16))
        graph.node("MatMul", ["x", "v"], ["h"])
        graph.node("MatMul", ["h", "w"], ["y"])
        graph.value(12, "y", [2, 2])
      }
      _ = try folder.write(model, as: "m.onnx")
      let run = try Subprocess.run(Peers.tessera, ["convert", "m.onnx", "m.h5"], directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
      try FileManager.default.removeItem(atPath: folder.file("m.onnx"))
      var forger = try CheckpointForger(path: folder.file("m.h5"))
      let text = String(decoding: forger.tables.source, as: UTF8.self)
      let changed = text.replacing(", 16, 0]", with: ", 16, ?]").replacing(", 16, 1]", with: ", 16, 0]")
        .replacing(", 16, ?]", with: ", 16, 1]")
      try #require(changed != text)
      forger.tables.source = Array(changed.utf8)
      return try forger.sealed()
    },
  ]
}
