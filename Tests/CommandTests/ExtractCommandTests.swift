import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite("extract")
struct ExtractCommandTests {
  /// A checkpoint of the pairs (levels of one and three units: 14 channels of unit 2, 64 in total), and flat weights.
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try folder.write(SampleWeights.pairs(megabytes: 1), as: "w.safetensors")
    _ = try folder.write(SampleWeights.pairsPlan, as: "plan.json")
    let run = try tessera(
      ["convert", "w.safetensors", "m.h5", "--plan", "plan.json"], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    _ = try folder.write("old", as: "old.npz")
    _ = try folder.write("{\"a\": 1}\n", as: "j.json")
    try FileManager.default.createDirectory(
      atPath: folder.file("folder.npz"), withIntermediateDirectories: false)
    return folder
  }

  @Test("a model costs at most --budget with what its graph needs, or is refused before it is written")
  func graphTensors() throws {
    var refused = 0
    for name in ["gpt2", "resnet18", "vit-timm"] {
      let folder = try TemporaryFolder()
      let source = "\(SourceFolder.fixtures)/presets/\(name).onnx"
      for arguments in [
        ["plan", source, "--units", "2", "-o", "p.json"],
        ["convert", source, "m.h5", "--plan", "p.json", "--no-prove"],
      ] {
        let run = try tessera(arguments, directory: folder.path)
        #expect(run.ending == .exited(0), "\(run.errorText)")
      }
      func number(_ key: String, _ run: Subprocess, last: Bool = false) throws -> Int {
        let parts = run.outputText.components(separatedBy: "\"\(key)\": ")
        let text = try #require(last ? parts.last : parts.dropFirst().first)
        return try #require(Int(text.prefix { $0.isNumber }))
      }
      func extract(_ options: [String]) throws -> Subprocess {
        try tessera(["extract", "m.h5", "out.onnx"] + options, directory: folder.path)
      }
      let counted = try number(
        "parameters", tessera(["count", "m.h5", "--level", "1", "--json"], directory: folder.path))
      let whole = try extract(["--level", "1", "--json"])
      let (written, added) = (try number("parameters", whole), try number("parameters", whole, last: true))
      #expect(added > 0 && written <= counted + added, "\(name): \(counted), \(written), \(added)")
      #expect(
        try extract(["--level", "1"]).outputText.contains("; \(added) of the parameters are the graph"))
      try FileManager.default.removeItem(atPath: folder.file("out.onnx"))
      // Between the count and the number of elements written.
      let most = max(counted, written - 1)
      let run = try extract(["--budget", "\(most)"])
      if most < written {
        #expect(run.sentence().contains("--budget: expected at most"), "\(run.outputText)")
        #expect(
          run.errorText.contains("\(added) more in indices and shapes of its graph; give a larger --budget"))
        #expect(!FileManager.default.fileExists(atPath: folder.file("out.onnx")))
        refused += 1
      } else {
        #expect(run.ending == .exited(0), "\(run.errorText)")
      }
      #expect(try extract(["--budget", "\(written + 1)"]).ending == .exited(0))
    }
    #expect(refused >= 2)
  }

  @Test(
    "what cannot be done ends with 2 and one sentence, and leaves nothing behind",
    arguments: [
      (["absent.h5", "out.npz", "--task", "t", "--level", "1"], "absent.h5: cannot open: no such file"),
      (
        ["j.json", "out.npz", "--task", "t", "--level", "1"],
        "j.json: expected a unit checkpoint or a safetensors"
      ),
      (
        ["w.safetensors", "out.npz", "--task", "t", "--level", "1"],
        "w.safetensors: expected a unit checkpoint, found flat weights; 'tessera convert --plan' makes one of them"
      ),
      (
        ["m.h5", "out.npz", "--task", "tt", "--level", "1"],
        "m.h5: task: expected 't', found 'tt'"
      ),
      (
        ["m.h5", "out.npz", "--task", "t", "--level", "3"],
        "m.h5: task 't': expected a level from 1 to 2, found 3"
      ),
      (
        ["m.h5", "out.npz", "--task", "t", "--level", "0"],
        "m.h5: task 't': expected a level from 1 to 2, found 0"
      ),
      (
        ["m.h5", "out.npz", "--task", "t", "--budget", "10"],
        "m.h5: task 't': expected a level within 10 parameters, found that the smallest takes 54,656 parameters"
      ),
      (
        ["m.h5", "out.npz", "--task", "u", "--budget", "1M"],
        "m.h5: task: expected 't', found 'u'"
      ),
      (
        ["m.h5", "old.npz", "--task", "t", "--level", "1", "-n"],
        "old.npz: expected no file of that name (-n), found one"
      ),
      (
        ["m.h5", "folder.npz", "--task", "t", "--level", "1"],
        "folder.npz: cannot write: a directory of that name exists"
      ),
    ])
  func refusals(arguments: [String], sentence: String) throws {
    let folder = try folder()
    let before = try folder.names()
    let said = try tessera(["extract"] + arguments, directory: folder.path).sentence()
    #expect(said.hasPrefix(sentence), "\(said)")
    #expect(try folder.names() == before)
    #expect(try TemporaryFolder.bytes(of: folder.file("old.npz")) == Array("old".utf8))
  }

  @Test(
    "a wrong command line ends with 64",
    arguments: [
      (["m.h5", "out.npz", "--task", "t"], "--level"),
      (["m.h5", "out.npz", "--task", "t", "--level", "1", "--budget", "1M"], "--budget"),
      (["m.h5", "out.h5", "--task", "t", "--level", "1"], ".safetensors"),
      (["m.h5", "out.npy", "--task", "t", "--level", "1"], ".npz"),
      (["m.h5", "out.npz", "--task", "t", "--budget", "7B"], "7B"),
      (["m.h5", "out.npz", "--task", "t", "--level", "1", "--policy", "all-stored"], "--policy"),
      (["w.safetensors", "./w.safetensors", "--task", "t", "--level", "1"], "would replace FILE"),
    ])
  func usage(arguments: [String], mentions: String) throws {
    let folder = try folder()
    let before = try folder.names()
    let run = try tessera(["extract"] + arguments, directory: folder.path)
    #expect(run.ending == .exited(64))
    #expect(run.output.isEmpty)
    #expect(run.errorText.contains(mentions), "\(run.errorText)")
    #expect(try folder.names() == before)
  }

  @Test(
    "a budget takes the highest level that fits",
    arguments: [
      ("54656", 1), ("249,855", 1), ("249,856", 2), ("218623bytes", nil), ("218624 bytes", 1), ("1GB", 2),
    ])
  func budgets(budget: String, level: Int?) throws {
    let folder = try folder()
    let run = try tessera(
      ["extract", "m.h5", "out.safetensors", "--task", "t", "--budget", budget, "--json"],
      directory: folder.path)
    guard let level else {
      #expect(run.ending == .exited(2))
      return
    }
    #expect(run.ending == .exited(0), "\(run.errorText)")
    guard case .object(let report) = try JSONParser().parse(run.output) else {
      Issue.record("no JSON")
      return
    }
    #expect(report["level"] == JSONValue(level))
    #expect(report["units"] == .array(level == 1 ? [2] : [2, 0, 1]))
    let width = 976
    #expect(report["parameters"] == JSONValue(4 * width * (level == 1 ? 14 : 64)))
    #expect(report["bytes_read"] == report["bytes"])
    try expectKeys(of: report, schema: "extract")
  }

  @Test(
    "a budget means what count means by it: under --policy, else the plan's policy, else everything stored")
  func budgetPolicies() throws {
    let folder = try TemporaryFolder()
    let rows: [SampleWeights.Row] = [("up.weight", "F32", [4, 10]), ("up.bias", "F32", [4])]
    _ = try folder.write(SampleWeights.bytes(rows), as: "w.safetensors")
    func plan(_ more: String) -> String {
      """
      {"format": "tessera.plan/1", "units": 2, "axes": {"x": {"size": 4}}, \(more)
       "tensors": [{"match": "up.weight", "axes": ["x", null]}, {"match": "up.bias", "axes": ["x"]}],
       "tasks": [{"name": "t", "levels": [1, 2]}], "assignment": {"rule": "nearest"}}
      """
    }
    for (name, more) in [("own", #""policy": "weights-only","#), ("plain", "")] {
      _ = try folder.write(plan(more), as: "\(name).json")
      let run = try tessera(
        ["convert", "w.safetensors", "\(name).h5", "--plan", "\(name).json"], directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
    }
    // Level 2 has 40 weights, and 44 elements in total.
    for (file, options, level) in [
      ("own.h5", [], 2), ("plain.h5", [], 1), ("own.h5", ["--policy", "all-stored"], 1),
      ("plain.h5", ["--policy", "weights-only"], 2),
    ] {
      let run = try tessera(
        ["extract", file, "out.npz", "--task", "t", "--budget", "42", "--json"] + options,
        directory: folder.path)
      guard case .object(let report) = try JSONParser().parse(run.output) else {
        Issue.record("\(file): \(run.errorText)")
        continue
      }
      #expect(report["level"] == JSONValue(level), "\(file) \(options)")
      let count = try tessera(
        ["count", file, "--budget", "42", "--json"] + options, directory: folder.path
      ).outputText
      #expect(count.contains("\"level\": \(level)"), "\(count)")
    }
  }

  @Test("DEST replaces an older file, a damaged block is refused with its place and the old file stays")
  func damaged() throws {
    let folder = try folder()
    let arguments = ["--task", "t", "--level", "1"]
    let run = try tessera(["extract", "m.h5", "old.npz"] + arguments, directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    #expect(run.outputText.hasPrefix("old.npz: task 't', level 1, units [2]: 4 tensors, 54,6"))
    let whole = try TemporaryFolder.bytes(of: folder.file("m.h5"))
    let old = try TemporaryFolder.bytes(of: folder.file("old.npz"))
    #expect(old.starts(with: [0x50, 0x4B]))

    // The last section of the file is that of unit 2, so its last byte is read.
    var bytes = whole
    let last = try #require(bytes.lastIndex { $0 != 0 })
    bytes[last] ^= 1
    _ = try folder.write(bytes, as: "d.h5")
    let said = try tessera(["extract", "d.h5", "old.npz"] + arguments, directory: folder.path).sentence()
    #expect(said.hasPrefix("d.h5: /intra/2/F32 page "), "\(said)")
    #expect(try TemporaryFolder.bytes(of: folder.file("old.npz")) == old)
    #expect(try folder.temporaries().isEmpty)
  }
}

/// Checks that the document has every key that its schema requires, and no key that the schema does not describe.
func expectKeys(of object: JSONObject, schema: String, _ location: SourceLocation = #_sourceLocation) throws {
  let path = "\(SourceFolder.root)/schemas/\(schema).schema.json"
  guard case .object(let document) = try JSONParser().parse(try TemporaryFolder.bytes(of: path)),
    case .array(let required)? = document["required"], case .object(let properties)? = document["properties"]
  else {
    Issue.record("\(path) is no schema", sourceLocation: location)
    return
  }
  let keys = object.members.map(\.key)
  for case .string(let key) in required { #expect(keys.contains(key), "\(key)", sourceLocation: location) }
  for key in keys { #expect(properties[key] != nil, "\(key)", sourceLocation: location) }
}
