import Foundation
import StrictJSON
import TestSupport
import Testing

/// Every document that the command prints or reads conforms to its schema; `jsonschema` is the judge.
@Suite(.enabled(if: Peers.areThere(python: true)))
struct SchemaTests {
  private static let studies =
    ["paper/study", "paper/deep-elastic.study"].map { "samples/\($0).json" }
    + ["study", "overall.study", "untrained.study", "units.study", "whole.study"].map {
      "samples/fashion/study/\($0).json"
    }

  /// For each schema the commands that print such a document; the files are those of `makeFiles`.
  static let printed: [(schema: String, runs: [[String]])] = [
    (
      "inspect",
      [
        ["inspect", "source.safetensors", "--json"], ["inspect", "model.h5", "--json", "--digests"],
        ["inspect", "folder.h5", "--json"], ["inspect", "added.h5", "--json"],
        ["inspect", "set.h5.index.json", "--json"],
        ["inspect", "flat.npz", "--json", "--assume-dtype", "BF16"],
        ["inspect", "\(SourceFolder.fixtures)/partial/several.npz", "--json"],
        ["inspect", "\(SourceFolder.fixtures)/partial/arrays-2.pt", "--json"],
      ]
    ),
    (
      "count",
      [
        ["count", "model.h5", "--json", "--policy", "all-stored", "--policy", "weights-only"],
        ["count", "source.safetensors", "--json", "--roles"],
        ["count", "\(SourceFolder.fixtures)/partial/wrapper.pt", "--json"],
        [
          "count", "\(SourceFolder.root)/samples/paper/J1.plan.json", "--json", "--policy", "trainable",
          "--policy",
          "piggyback-ideal-bits", "--policy", "ofa", "--union", "cifar10:1,cifar100:1", "--claims",
          "\(SourceFolder.root)/samples/paper/J1.claims.json",
        ],
        ["count", "\(SourceFolder.root)/samples/paper/J2.plan.json", "--json", "--level", "3"],
        ["count", "\(SourceFolder.root)/samples/fashion/network.onnx", "--json", "--layers"],
        [
          "count", "\(SourceFolder.root)/samples/fashion/network.onnx", "--json", "--measure", "--repeat",
          "1",
        ],
      ]
    ),
    (
      "extract",
      [
        ["extract", "model.h5", "small.safetensors", "--task", "walk", "--level", "2", "--json"],
        ["extract", "added.h5", "adapter/", "--task", "sql", "--json"],
      ]
    ),
    (
      "validate",
      [
        ["validate", "model.h5", "--deep", "--json"], ["validate", "damaged.h5", "--deep", "--json"],
        ["validate", "source.safetensors", "absent.h5", "--json"],
        [
          "validate", "model.h5", "--json", "--project", "\(SourceFolder.fixtures)/project/full.toml",
        ],
      ]
    ),
    (
      "diff",
      [
        ["diff", "source.safetensors", "model.h5", "--json"],
        ["diff", "flat.npz", "small.safetensors", "--json", "--assume-dtype", "BF16"],
        [
          "diff", "\(SourceFolder.fixtures)/partial/several.npz",
          "\(SourceFolder.fixtures)/partial/sparse.onnx", "--json",
        ],
      ]
    ),
    (
      "run",
      [
        [
          "run", "\(SourceFolder.fixtures)/onnx/seeds/branches.onnx", "--input", "x.npz", "--output", "y.npz",
          "--json", "--repeat", "2", "--profile",
        ]
      ]
    ),
    (
      "report",
      [
        ["report", "model.h5", "--json"], ["report", "source.safetensors", "--json", "--no-values"],
        ["report", "wrn.h5", "--json", "--no-values"],
        [
          "report", "\(SourceFolder.root)/samples/fashion/network.onnx", "--json", "--no-values", "--policy",
          "trainable",
        ],
      ]
    ),
    (
      "compare",
      studies.map { ["compare", "\(SourceFolder.root)/\($0)", "--json"] }
    ),
    (
      "verify",
      [
        ["verify", "source.safetensors", "model.h5", "--json"],
        ["verify", "wrn.onnx", "wrn.h5", "--json", "--layers", "--task", "fine", "--level", "1"],
      ]
    ),
    (
      "assign",
      [
        ["assign", "model.h5", "--json"],
        ["assign", "wrn.h5", "--learn", "weights", "--per-axis", "-o", "learned.h5", "--json"],
        ["assign", "\(SourceFolder.root)/samples/fashion/plan.json", "--rule", "adjacent", "--json"],
      ]
    ),
    (
      "plan",
      [
        ["plan", "wrn.onnx", "--units", "4"],
        ["plan", "w.safetensors", "--units", "4", "--tasks", "a,b,c,d", "--cut", "up=x,-"],
      ]
    ),
  ]

  private static let presets =
    (try? FileManager.default.contentsOfDirectory(
      atPath: "\(SourceFolder.root)/Sources/Accounting/Policies"
    ).sorted()) ?? []

  private static let architectures =
    (try? FileManager.default.contentsOfDirectory(
      atPath: "\(SourceFolder.root)/Sources/Planning/Architectures"
    ).sorted()) ?? []

  /// Documents in the repository that serve as examples.
  static let committed: [(schema: String, files: [String])] = [
    (
      "plan",
      [
        "fashion/plan", "paper/J1.plan", "paper/J2.plan", "paper/J3.plan", "paper/H1.plan", "paper/S1.plan",
        "paper/S2.plan", "paper/toy.plan",
        "gemma3n/E4B.plan", "gemma3n/submodels.plan",
      ].map { "samples/\($0).json" }
    ),
    (
      "claims",
      [
        "paper/J1", "paper/J2", "paper/J3", "paper/H1", "paper/S1", "paper/S2", "gemma3n/E4B",
        "gemma3n/submodels",
      ].map { "samples/\($0).claims.json" }
    ),
    ("lock", ["Tests/Fixtures/project/tessera.lock"]),
    ("project", ["Tests/Fixtures/project/full.toml"]),
    ("study", studies),
    ("architecture", architectures.map { "Sources/Planning/Architectures/\($0)" }),
    ("family", FamilyTests.names.map { "samples/family/\($0).family.json" }),
    (
      "counting-policy",
      presets.map { "Sources/Accounting/Policies/\($0)" }
        + ["convolutions", "heads", "separate", "trained", "with-norms", "with-stem"].map {
          "samples/paper/policies/\($0).json"
        }
        + ["effective", "effective-as-built", "effective-as-described", "shared-kv", "text"].map {
          "samples/gemma3n/policies/\($0).json"
        }
    ),
  ]

  /// Documents that commands write.
  static let written = [(schema: "set", file: "set.h5.index.json")]

  private func makeFiles(_ workshop: Workshop) throws {
    try workshop.prepare(.family)
    try workshop.tessera("convert", "source.safetensors", "model.h5", "--plan", "plan.json")
    try workshop.tessera("convert", "source.safetensors", "flat.npz", "--opaque")
    try workshop.tessera("convert", SourceFolder.fixtures + "/folders/llama", "folder.h5")
    try workshop.tessera(
      "convert", SourceFolder.fixtures + "/adapters/base", "added.h5", "--add",
      "sql=\(SourceFolder.fixtures)/adapters/sql")
    try workshop.tessera("convert", "source.safetensors", "set.h5", "--plan", "plan.json", "--part", "1/2")
    try workshop.tessera("convert", "source.safetensors", "set.h5", "--plan", "plan.json", "--part", "2/2")
    try workshop.tessera("convert", "--join", "set.h5")
    try workshop.tessera("extract", "model.h5", "small.safetensors", "--task", "walk", "--level", "2")
    var bytes = try TemporaryFolder.bytes(of: workshop.folder.file("model.h5"))
    bytes[bytes.count - 9] ^= 1
    _ = try workshop.folder.write(bytes, as: "damaged.h5")
    _ = try workshop.folder.write(SampleWeights.bytes([("up", "F32", [8, 3])]), as: "w.safetensors")
    _ = try workshop.folder.write(SampleWeights.bytes([("x", "F32", [2, 6])]), as: "x.safetensors")
    try workshop.tessera("convert", "x.safetensors", "x.npz")
    try workshop.run(
      try #require(Peers.python), ["-B", "\(SourceFolder.fixtures)/graphs/save.py", "wrn", "wrn.onnx"])
    try workshop.tessera("plan", "wrn.onnx", "--units", "4", "-o", "wrn.json")
    try workshop.tessera("convert", "wrn.onnx", "wrn.h5", "--plan", "wrn.json")
  }

  @Test func everyDocumentIsOneThatItsSchemaDescribes() throws {
    let workshop = try Workshop()
    try makeFiles(workshop)
    var pairs = Self.written.map { "\($0.schema)=\($0.file)" }
    for (schema, runs) in Self.printed {
      for arguments in runs {
        let run = try tessera(arguments, directory: workshop.folder.path)
        let name = "document\(pairs.count).json"
        _ = try workshop.folder.write(run.output, as: name)
        #expect(!run.output.isEmpty, "\(arguments): \(run.errorText)")
        pairs.append("\(schema)=\(name)")
      }
    }
    for (schema, files) in Self.committed {
      pairs += files.map { "\(schema)=\(SourceFolder.root)/\($0)" }
    }
    let report = try workshop.report("schemas.py", ["\(SourceFolder.root)/schemas"] + pairs)
    #expect(report["checked"] == JSONValue(pairs.count))
    #expect(report["failures"] == .array([]))
    #expect(report["loose"] == .array([]))
  }

  @Test func everySchemaHasADocument() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(SourceFolder.root)/schemas")
    let schemas = names.filter { $0.hasSuffix(".schema.json") }.map { String($0.dropLast(12)) }
    let known = Set(
      Self.printed.map(\.schema) + Self.committed.map(\.schema) + Self.written.map(\.schema))
    #expect(Set(schemas) == known && schemas.count >= 7)
  }

  private func tessera(_ arguments: [String], directory: String) throws -> Subprocess {
    try Subprocess.run(Peers.tessera, arguments, directory: directory)
  }
}
