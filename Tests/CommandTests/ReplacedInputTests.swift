import Foundation
import TestSupport
import Testing

/// No command replaces a file that it reads.
@Suite("Outputs that are inputs")
struct ReplacedInputTests {
  /// A command line, with `OUT` for the output, and a file that it reads.
  struct Case: CustomTestStringConvertible, Sendable {
    /// The command line, words separated by spaces.
    let line: String
    /// A file that the command reads and that could be given as its output.
    let input: String
    /// Another output, with which the same line must succeed.
    let other: String
    /// Whether the command line itself names the file, which makes it a usage error.
    let isDeclared: Bool

    init(_ line: String, reads input: String, other: String, isDeclared: Bool = true) {
      (self.line, self.input, self.other, self.isDeclared) = (line, input, other, isDeclared)
    }

    var command: String { String(line.prefix { $0 != " " }) }
    var testDescription: String { "\(line) over \(input)" }

    func words(_ output: String) -> [String] {
      line.split(separator: " ").map { $0 == "OUT" ? output : String($0) }
    }
  }

  static let cases: [Case] = [
    Case("convert w.safetensors OUT", reads: "w.safetensors", other: "o.safetensors"),
    Case("convert w.safetensors OUT", reads: "link.safetensors", other: "o.npz"),
    Case("convert w.safetensors OUT", reads: "hard.safetensors", other: "o.npz"),
    Case("convert g.h5 OUT", reads: "g.h5", other: "o.onnx"),
    Case("convert w.safetensors OUT --plan pairs.h5", reads: "pairs.h5", other: "o.h5"),
    Case("convert s OUT", reads: "s/model-00001-of-00002.safetensors", other: "o.npz", isDeclared: false),
    Case("convert s OUT", reads: "s/model-00002-of-00002.safetensors", other: "o.h5", isDeclared: false),
    Case("convert s OUT", reads: "s/model.safetensors.index.json", other: "o/", isDeclared: false),
    Case(
      "convert s/model.safetensors.index.json OUT", reads: "s/model-00001-of-00002.safetensors",
      other: "o.pt",
      isDeclared: false),
    Case("convert x.onnx OUT", reads: "ext.npz", other: "o.npz", isDeclared: false),
    Case("extract g.safetensors OUT --task all --level 1", reads: "g.safetensors", other: "o.npz"),
    Case("extract g.h5 OUT --task all --budget 99M --policy p.npz", reads: "p.npz", other: "o.npz"),
    Case(
      "plan w.json --units 1 --cut layer{}.up=ffn{},- --cut layer{}.down=-,ffn{} -o OUT", reads: "w.json",
      other: "o.json"),
    Case("plan w.safetensors --plan pairs.json -o OUT", reads: "pairs.json", other: "o.json"),
    Case("plan nested.safetensors --family nested.json -o OUT", reads: "nested.json", other: "o.json"),
    Case(
      "plan nested.safetensors --family nested.json --masks masks.json -o OUT", reads: "masks.json",
      other: "o.json"),
    Case(
      "plan s --units 1 --cut layer{}.up=ffn{},- --cut layer{}.down=-,ffn{} -o OUT",
      reads: "s/model.safetensors.index.json", other: "o.json", isDeclared: false),
    Case("assign g.h5 --rule nearest -o OUT", reads: "g.h5", other: "o.h5"),
    Case("assign g.h5 --order orders.json -o OUT", reads: "orders.json", other: "o.h5"),
    Case("assign one.json --rule nearest -o OUT", reads: "one.json", other: "o.json"),
    Case("lock w.safetensors -o OUT", reads: "w.safetensors", other: "o.lock"),
    Case("run m.npz --input in.npz --output OUT", reads: "m.npz", other: "o.npz"),
    Case("run m.npz --input in.npz --output OUT", reads: "in.npz", other: "o.npz"),
    Case("run x.onnx --input in.npz --output OUT", reads: "ext.npz", other: "o.npz", isDeclared: false),
    Case(
      "run g.h5 --task all --budget 99M --policy p.npz --input g-in.npz --output OUT", reads: "p.npz",
      other: "o.npz"),
    Case("compare study.svg --svg OUT", reads: "study.svg", other: "o.svg"),
    Case("compare study.svg --policy p.svg --svg OUT", reads: "p.svg", other: "o.svg"),
    Case("compare study.svg --svg OUT", reads: "method.svg", other: "o.svg", isDeclared: false),
    Case("compare study.svg --svg OUT", reads: "results.svg", other: "o.svg", isDeclared: false),
    Case("compare study.svg --svg OUT", reads: "policies.svg", other: "o.svg", isDeclared: false),
    Case("compare study.html --page OUT", reads: "study.html", other: "o.html"),
    Case("report w.html -o OUT", reads: "w.html", other: "o.html"),
    Case("report w.safetensors w.html -o OUT", reads: "w.html", other: "o.html"),
    Case("report g.h5 --policy p.html -o OUT", reads: "p.html", other: "o.html"),
    Case("report g.h5 --accuracy a.html -o OUT", reads: "a.html", other: "o.html"),
  ]

  /// The files that the cases use.
  private static func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let weights = SampleWeights.bytes([
      ("layer0.up", "F32", [64, 3]), ("layer0.down", "F32", [3, 64]), ("layer1.up", "F32", [64, 2]),
      ("layer1.down", "F32", [2, 64]),
    ])
    for name in ["w.safetensors", "w.json", "w.html"] { _ = try folder.write(weights, as: name) }
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link.safetensors"), withDestinationPath: "w.safetensors")
    try FileManager.default.linkItem(
      atPath: folder.file("w.safetensors"), toPath: folder.file("hard.safetensors"))
    for name in ["pairs.json", "pairs.h5"] { _ = try folder.write(SampleWeights.pairsPlan, as: name) }
    let family = try TemporaryFolder.bytes(of: SourceFolder.root + "/samples/family/nested.family.json")
    let nested = try TemporaryFolder.bytes(of: SourceFolder.root + "/samples/family/nested.safetensors")
    _ = try folder.write(family, as: "nested.json")
    for name in ["nested.safetensors", "masks.json"] { _ = try folder.write(nested, as: name) }
    let policy = #"""
      {"format": "tessera.counting-policy/1", "id": "mine", "version": 1, "title": "Mine", "description": "All."}
      """#
    for name in ["p.npz", "p.svg", "p.html", "policies.svg"] { _ = try folder.write(policy, as: name) }
    _ = try folder.write(
      #"{"format": "tessera.plan/1", "units": 1, "tensors": [{"name": "w", "dtype": "F32", "shape": [4]}]}"#,
      as: "method.svg")
    _ = try folder.write("method,task,accuracy\nA,t,90\nA,t,91\n", as: "results.svg")
    _ = try folder.write("task,level,accuracy\nall,1,90\n", as: "a.html")
    let study =
      #"""
      {"format": "tessera.study/1", "title": "t", "policy": "all-stored", "policies": ["policies.svg"],
       "methods": [{"name": "A", "file": "method.svg"}], "results": "results.svg"}
      """#
    for name in ["study.svg", "study.html"] { _ = try folder.write(study, as: name) }
    let ones = withUnsafeBytes(of: Float(1).bitPattern.littleEndian) { Array($0) }
    _ = try folder.write((0..<6).flatMap { _ in ones }, as: "ext.npz")
    _ = try folder.write(RunCommandTests.product, as: "m.npz")
    _ = try folder.write(
      ModelBytes.model { graph in
        graph.value(11, "x", [2, 2])
        graph.tensor("w", [2, 3]) { $0.external([("location", "ext.npz")]) }
        graph.node("MatMul", ["x", "w"], ["y"], name: "mul")
        graph.value(12, "y", [2, 3])
      }, as: "x.onnx")
    for (name, input, size) in [("in", "x", 2), ("g-in", "x", 2)] {
      _ = try folder.write(SampleWeights.bytes([(input, "F32", [2, size])]), as: "\(name).npz")
    }
    _ = try folder.write(
      #"""
      {"format": "tessera.plan/1", "units": 1,
       "tasks": [{"name": "all", "order": [0], "levels": [1]}]}
      """#, as: "one.json")
    _ = try folder.write(#"{"all": [0]}"#, as: "orders.json")
    for line in [
      ["convert", "w.safetensors", "s/", "--shard-size", "1600"],
      ["convert", "m.npz", "g.h5", "--plan", "one.json"],
    ] {
      let run = try tessera(line, directory: folder.path)
      #expect(run.ending == .exited(0), "\(line): \(run.errorText)")
    }
    try FileManager.default.copyItem(atPath: folder.file("g.h5"), toPath: folder.file("g.safetensors"))
    return folder
  }

  @Test("each is refused and left as it was, and the same line with another output is not", arguments: cases)
  func refused(_ test: Case) throws {
    let folder = try Self.folder()
    let before = try TemporaryFolder.bytes(of: folder.file(test.input))
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    let run = try tessera(test.words(test.input), directory: folder.path)
    #expect(run.ending == .exited(test.isDeclared ? 64 : 2), "\(run.ending) \(run.errorText)")
    #expect(
      ["this command reads", "replaces no file of the source"].contains(where: run.errorText.contains),
      "\(run.errorText)")
    #expect(try TemporaryFolder.bytes(of: folder.file(test.input)) == before)
    #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() == names)
    let control = try tessera(test.words(test.other), directory: folder.path)
    #expect(control.ending == .exited(0), "\(control.ending) \(control.errorText)")
  }

  @Test("every command that writes a file is in the table, and nothing else is")
  func complete() throws {
    let help = try tessera(["--help"]).outputText
    let commands = try #require(help.components(separatedBy: "SUBCOMMANDS:").last).split(separator: "\n")
      .compactMap { line -> String? in
        guard line.hasPrefix("  "), !line.hasPrefix("   ") else { return nil }
        return line.split(separator: " ").first.map(String.init)
      }
    #expect(commands.count >= 10)
    let writing = try commands.filter { command in
      let help = try tessera([command, "--help"]).outputText
      return ["<dest>", "--output ", "--svg ", "to write"].contains(where: help.contains)
    }
    #expect(Set(writing) == Set(Self.cases.map(\.command)))
    #expect(Self.cases.count == 35)
  }

  @Test("an old index does not take a file along that holds none of its tensors")
  func stale() throws {
    for holds in [false, true] {
      let folder = try Self.folder()
      _ = try tessera(["convert", "w.safetensors", "d/", "--shard-size", "1600"], directory: folder.path)
      let second = folder.file("d/model-00002-of-00002.safetensors")
      if !holds {
        let other = SampleWeights.bytes([("other", "F32", [3])])
        try Data(other).write(to: URL(fileURLWithPath: second))
      }
      let run = try tessera(
        ["convert", "w.safetensors", "d/", "--shard-size", "1MB"], directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
      #expect(FileManager.default.fileExists(atPath: second) == !holds)
    }
  }
}
