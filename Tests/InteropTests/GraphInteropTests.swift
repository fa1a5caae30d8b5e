import Foundation
import StrictJSON
import TestSupport
import Testing

/// Networks planned from their graphs, cut, run, verified and extracted; ONNX Runtime judges every sub-network.
@Suite(.enabled(if: Peers.areThere(python: true)), .serialized)
struct GraphInteropTests {
  /// A network for the command, and the least part of it that must be cut.
  struct Case: Sendable, CustomTestStringConvertible {
    let network: String
    let units: Int
    /// The least number of tensors that the plan cuts.
    let cut: Int
    let rows: Int
    var options: [String] = []

    var testDescription: String { "\(network), k = \(units)" }
  }

  static let cases: [Case] = [
    Case(network: "wrn", units: 2, cut: 62, rows: 4), Case(network: "wrn", units: 4, cut: 62, rows: 8),
    Case(network: "wrn-concat", units: 3, cut: 62, rows: 6),
    Case(network: "transformer", units: 4, cut: 12, rows: 4),
    Case(network: "transformer", units: 3, cut: 12, rows: 3),
    Case(network: "recurrent", units: 4, cut: 8, rows: 4),
    Case(network: "recurrent", units: 3, cut: 8, rows: 3),
    Case(network: "mixed", units: 4, cut: 15, rows: 4), Case(network: "mixed", units: 3, cut: 15, rows: 3),
    Case(network: "det", units: 4, cut: 120, rows: 4),
    Case(network: "rec", units: 4, cut: 90, rows: 4),
    Case(network: "cls", units: 4, cut: 200, rows: 4),
    // Each of the light architectures, at all levels of one k.
    Case(network: "squeezenet", units: 3, cut: 49, rows: 3),
    Case(network: "shufflenet", units: 3, cut: 200, rows: 3),
    Case(network: "resnet50", units: 4, cut: 261, rows: 4),
    Case(network: "inception_v1", units: 3, cut: 112, rows: 3),
    Case(network: "inception_v2", units: 4, cut: 470, rows: 4),
    Case(network: "densenet121", units: 3, cut: 830, rows: 3),
    // The largest: 61 million weights. VGG-19 and ZFNet have the same operators, and took a minute of CI.
    Case(network: "bvlc_alexnet", units: 3, cut: 11, rows: 3),
  ]

  @Test("every sub-network is the masked network, run and extracted", arguments: cases)
  func judged(_ one: Case) throws {
    let report = try judge(one.network, units: one.units, options: one.options)
    #expect(report["failures"] == .array([]))
    guard case .integer(let cut)? = report["cut"], case .array(let rows)? = report["rows"] else {
      Issue.record("no report")
      return
    }
    #expect(cut >= one.cut)
    #expect(rows.count == one.rows)
    // A level that is not smaller would prove nothing.
    let sizes = rows.compactMap { row -> Int? in
      guard case .object(let row) = row, case .integer(let bytes)? = row["bytes"] else { return nil }
      return Int(bytes)
    }
    #expect(sizes.count == rows.count)
    if let first = sizes.first, sizes.count > 1 { #expect(first * 3 < (sizes.max() ?? 0) * 2) }
  }

  @Test("a plan that splits a residual axis is refused with the addition's name, and nothing is written")
  func wrongPlan() throws {
    let workshop = try Workshop()
    try workshop.graph("save.py", ["wrn", "wrn.onnx"])
    try workshop.tessera("plan", "wrn.onnx", "--units", "4", "-o", "plan.json")
    let plan = try String(
      decoding: TemporaryFolder.bytes(of: workshop.folder.file("plan.json")), as: UTF8.self)
    // The second convolution of a block gets a separate axis, cut alike.
    let axis = "\"stage1.0.conv2\""
    let entry = try #require(plan.range(of: "\"name\": \"stage1.1.conv2.weight\""))
    let use = try #require(plan.range(of: axis, range: entry.upperBound..<plan.endIndex))
    var wrong = plan
    wrong.replaceSubrange(use, with: "\"split\"")
    wrong = wrong.replacingFirst(
      "\"axes\": {", with: "\"axes\": {\n    \"split\": {\n      \"size\": 8\n    },")
    _ = try workshop.folder.write(Array(wrong.utf8), as: "wrong.json")
    for arguments in [
      ["convert", "wrn.onnx", "wrong.h5", "--plan", "wrong.json"],
      ["plan", "wrn.onnx", "--plan", "wrong.json"],
    ] {
      let result = try Subprocess.run(Peers.tessera, arguments, directory: workshop.folder.path)
      #expect(result.code == 2)
      #expect(result.errorText.contains("stage1.1.add"), "\(result.errorText)")
      #expect(result.errorText.contains("'split'"), "\(result.errorText)")
    }
    #expect(try Subprocess.run("ls", ["wrong.h5"], directory: workshop.folder.path).code != 0)
  }

  @Test(
    "a plan that cuts one input of a node and not what it meets is refused with the node's name",
    arguments: [
      ("bias", "'first' (Conv)"), ("norm", "'norm' (BatchNormalization)"), ("kernel", "'first' (Conv)"),
    ])
  func halfCut(plan: String, node: String) throws {
    let workshop = try Workshop()
    try workshop.graph("half_cut.py", ["m.onnx"])
    let result = try Subprocess.run(
      Peers.tessera, ["convert", "m.onnx", "m.h5", "--plan", "m.onnx.\(plan).json"],
      directory: workshop.folder.path)
    #expect(result.code == 2 && result.errorText.contains("node \(node)"), "\(result.errorText)")
    #expect(try Subprocess.run("ls", ["m.h5"], directory: workshop.folder.path).code != 0)
  }

  @Test("external data, beside the model or in folders there, come back as they were, beside other files")
  func externalData() throws {
    let workshop = try Workshop()
    let output = try workshop.graph("external.py", [Peers.tessera]).output
    guard case .object(let report) = try JSONParser().parse(output) else {
      Issue.record("no report")
      return
    }
    #expect(report["failures"] == .array([]) && report["seen"] == 4)
  }

  @Test("a tensor that is private to one task and needed by another is refused by convert")
  func privateElsewhere() throws {
    let workshop = try Workshop()
    try workshop.graph("save.py", ["wrn", "wrn.onnx"])
    try workshop.tessera("plan", "wrn.onnx", "--units", "4", "-o", "plan.json")
    let plan = try String(
      decoding: TemporaryFolder.bytes(of: workshop.folder.file("plan.json")), as: UTF8.self)
    func item(_ name: String) -> String { #"\{\s*"name": "\#(name)"\s*\}"# }
    let heads = "\(item("head.fine.weight")),\\s*\(item("head.fine.bias"))"
    for (old, new, words) in [
      // A network without its first layer has no outputs.
      (
        heads, #"{ "name": "stem.weight" }"#,
        "task 'coarse', level 1: expected an output whose weights the task has, found none"
      ),
      // The task lacks its own output, but another output would be left.
      (
        item("head.coarse.weight") + ",", "",
        "task 'coarse', level 1: expected the weights of its output 'coarse'"
      ),
    ] {
      var wrong = plan
      let range = try #require(wrong.range(of: old, options: [.regularExpression, .backwards]))
      wrong.replaceSubrange(range, with: new)
      if new.isEmpty {
        let range = try #require(wrong.range(of: heads, options: [.regularExpression, .backwards]))
        wrong.replaceSubrange(range, with: #"{ "name": "head.coarse.weight" }"#)
      }
      _ = try workshop.folder.write(Array(wrong.utf8), as: "wrong.json")
      let result = try Subprocess.run(
        Peers.tessera, ["convert", "wrn.onnx", "wrong.h5", "--plan", "wrong.json"],
        directory: workshop.folder.path)
      #expect(result.code == 2 && result.errorText.contains(words), "\(result.errorText)")
      #expect(try Subprocess.run("ls", ["wrong.h5"], directory: workshop.folder.path).code != 0)
    }
  }

  @Test("verify finds a weight that was changed, by its digest, by what it computes, and by its layer")
  func verifyFinds() throws {
    let workshop = try Workshop()
    try workshop.graph("save.py", ["wrn", "wrn.onnx"])
    try workshop.graph("change.py", ["wrn.onnx", "changed.onnx", "stage2.1.conv1.weight"])
    try workshop.tessera("plan", "wrn.onnx", "--units", "4", "-o", "plan.json")
    try workshop.tessera("convert", "wrn.onnx", "wrn.h5", "--plan", "plan.json")
    let result = try Subprocess.run(
      Peers.tessera, ["verify", "changed.onnx", "wrn.h5", "--json", "--layers", "--backend", "reference"],
      directory: workshop.folder.path, timeout: 120)
    #expect(result.code == 1)
    guard case .object(let report) = try JSONParser().parse(result.output),
      case .array(let networks)? = report["networks"], case .object(let first)? = networks.first
    else {
      Issue.record("\(result.errorText)")
      return
    }
    #expect(report["digest_mismatches"] == .array(["stage2.1.conv1.weight"]))
    #expect(report["tensors_equal"] == .bool(false) && report["ok"] == .bool(false))
    #expect(networks.count == 8)
    #expect(first["first_departing"] == "stage2.1.conv1.out")
  }

  @Test("norms that take their moments from the batch are proved on a batch, and not without one")
  func batchNorms() throws {
    let workshop = try Workshop()
    try workshop.graph("save.py", ["wrn", "wrn.onnx"])
    try workshop.tessera("plan", "wrn.onnx", "--units", "4", "-o", "plan.json")
    let plan = try String(
      decoding: TemporaryFolder.bytes(of: workshop.folder.file("plan.json")), as: UTF8.self)
    let batch = plan.replacingFirst("\"name\": \"fine\",", with: "\"name\": \"fine\", \"norm\": \"batch\",")
    _ = try workshop.folder.write(Array(batch.utf8), as: "batch.json")
    try workshop.tessera("convert", "wrn.onnx", "wrn.h5", "--plan", "batch.json")
    try workshop.graph("input.py", ["2,3,16,16", "x.npy"])
    let without = try Subprocess.run(
      Peers.tessera, ["verify", "wrn.onnx", "wrn.h5"], directory: workshop.folder.path)
    #expect(without.code == 2 && without.errorText.contains("\"norm\": \"batch\""), "\(without.errorText)")
    let report = try report(workshop, ["verify", "wrn.onnx", "wrn.h5", "--input", "x.npy", "--json"])
    guard case .array(let networks)? = report["networks"] else {
      Issue.record("no report")
      return
    }
    #expect(report["ok"] == .bool(true) && networks.count == 8)
  }

  @Test("a level reads the bytes of its weights and no more")
  func bytesRead() throws {
    let workshop = try Workshop()
    try workshop.graph("save.py", ["wrn", "wrn.onnx"])
    try workshop.tessera("plan", "wrn.onnx", "--units", "4", "-o", "plan.json")
    try workshop.tessera("convert", "wrn.onnx", "wrn.h5", "--plan", "plan.json")
    try workshop.graph("input.py", ["2,3,16,16", "x.npy"])
    var last = 0
    for level in 1...4 {
      let options = ["--task", "fine", "--level", "\(level)", "--json"]
      let run = try report(
        workshop, ["run", "wrn.h5", "--input", "x.npy", "--output", "y.npy"] + options)
      let extracted = try report(workshop, ["extract", "wrn.h5", "small.safetensors"] + options)
      guard case .integer(let read)? = run["bytes_read"], case .integer(let bytes)? = extracted["bytes"]
      else {
        Issue.record("no report")
        return
      }
      // Extents and bounds are read twice: to follow the graph, and to run it.
      #expect(Double(read) <= 1.02 * Double(bytes) && Double(read) >= 0.98 * Double(bytes))
      #expect(Int(read) > last)
      last = Int(read)
    }
  }

  @Test("the trained sample gives at every task and level what PyTorch gave, within 1e-5")
  func fashion() throws {
    let workshop = try Workshop()
    let output = try workshop.graph("fashion.py", [Peers.tessera, "\(SourceFolder.root)/samples/fashion"])
      .output
    guard case .object(let report) = try JSONParser().parse(output), case .array(let rows)? = report["rows"]
    else {
      Issue.record("no report")
      return
    }
    #expect(report["same"] == .bool(true))
    #expect(rows.count == 16)
    for case .object(let row) in rows {
      guard case .number(let difference)? = row["difference"],
        case .number(let extracted)? = row["extracted"],
        case .string(let task)? = row["task"], case .integer(let level)? = row["level"]
      else {
        Issue.record("\(row)")
        continue
      }
      #expect(difference <= 1e-5 && extracted <= 1e-5, "\(row)")
      #expect(row["classes"] == .bool(true) && row["outputs"] == .array([.string("\(task).\(level)")]))
    }
  }

  @Test("the trained sample classifies 2,000 test images at every task and level as PyTorch does")
  func accuracy() throws {
    let workshop = try Workshop()
    let python = try #require(Peers.python)
    let result = try Subprocess.run(
      python, ["-B", "\(SourceFolder.root)/samples/fashion/accuracy.py", Peers.tessera],
      directory: workshop.folder.path, timeout: 300)
    #expect(result.code == 0, "\(result.errorText)")
    let rows = result.outputText.split(separator: "\n").dropFirst().map { $0.split(separator: " ") }
    #expect(rows.count == 16 && rows.allSatisfy { $0.count == 5 && $0[2] == $0[3] && $0[4] == "0" })
    // For the digits, these are all the images on which PyTorch was tested during training.
    let record = try String(
      contentsOfFile: "\(SourceFolder.root)/samples/fashion/results.json", encoding: .utf8)
    guard case .object(let results) = try JSONParser().parse(Array(record.utf8)),
      case .object(let accuracies)? = results["accuracies"]
    else {
      Issue.record("no accuracies")
      return
    }
    for row in rows where row[0] == "digits" || row[0] == "parity" {
      guard case .object(let task)? = accuracies[String(row[0])] else {
        Issue.record("\(row)")
        continue
      }
      let found = try #require(Double(row[2].dropLast()))
      switch task[String(row[1])] {
      case .number(let expected)?: #expect(found == expected)
      case .integer(let expected)?: #expect(found == Double(expected))
      default: Issue.record("\(row)")
      }
    }
  }

  private func report(_ workshop: Workshop, _ arguments: [String]) throws -> JSONObject {
    let output = try workshop.run(Peers.tessera, arguments).output
    guard case .object(let object) = try JSONParser().parse(output) else { return JSONObject() }
    return object
  }

  private func judge(_ network: String, units: Int, options: [String]) throws -> JSONObject {
    let workshop = try Workshop()
    let output = try workshop.graph("judge.py", [Peers.tessera, network, "\(units)"] + options).output
    guard case .object(let object) = try JSONParser().parse(output) else { return JSONObject() }
    return object
  }
}

extension Workshop {
  /// Runs one of the scripts next to the networks.
  @discardableResult
  func graph(_ name: String, _ arguments: [String]) throws -> Subprocess {
    let python = try #require(Peers.python)
    let result = try Subprocess.run(
      python, ["-B", "-W", "ignore", "\(SourceFolder.fixtures)/graphs/\(name)"] + arguments,
      directory: folder.path, timeout: 600)
    try #require(
      result.code == 0, "\(name) \(arguments): \("\(result.ending)") \(result.errorText.suffix(2000))")
    return result
  }
}

extension String {
  fileprivate func replacingFirst(_ part: String, with other: String) -> String {
    guard let range = range(of: part) else { return self }
    return replacingCharacters(in: range, with: other)
  }
}
