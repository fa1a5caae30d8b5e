import TestSupport
import Testing

/// Each key of `tessera.toml`, for files that meet it and for files that do not.
@Suite("The rules of a project")
struct ProjectRuleTests {
  private struct Row {
    let file: String
    let rules: String
    var arguments: [String] = []
    /// The exit code, and lines of the output in order, without the two spaces before them.
    var code: Int32 = 0
    var says: [String] = []
    /// Words that the output does not have.
    var lacks = "error project"
  }

  /// Of `sub/w.safetensors`.
  private static let tensors: [Row] = [
    Row(file: "sub/w.safetensors", rules: #"dtypes = ["F32", "F16", "I64"]"#),
    Row(
      file: "sub/w.safetensors", rules: #"dtypes = ["F32", "F16"]"#, code: 1,
      says: [
        "error project: tensor 'steps': expected dtype F32 or F16, found I64 (tessera.toml: files[0].dtypes)"
      ]),
    Row(file: "sub/w.safetensors", rules: #"required = ["steps", "layer{}.up", "*"]"#),
    Row(
      file: "sub/w.safetensors", rules: #"required = ["steps", "stem.wieght"]"#, code: 1,
      says: [
        "error project: expected tensor 'stem.wieght', found none; the nearest name is 'stem.weight' (tessera.toml: files[0].required[1])"
      ]),
    Row(
      file: "sub/w.safetensors", rules: #"required = ["layer{}.down"]"#, code: 1,
      says: [
        "error project: expected a tensor that 'layer{}.down' matches, found none (tessera.toml: files[0].required[0])"
      ]),
    Row(
      file: "sub/w.safetensors",
      rules: #"required = [{ match = "layer{}.up", shape = [2, "*"], dtype = "F16" }]"#),
    Row(
      file: "sub/w.safetensors", rules: #"required = [{ match = "layer{}.up", shape = [2, 4] }]"#, code: 1,
      says: [
        "error project: tensor 'layer1.up': expected shape [2, 4], found shape [2, 5] (tessera.toml: files[0].required[0])"
      ], lacks: "'layer0.up'"),
    Row(
      file: "sub/w.safetensors",
      rules: #"required = [{ match = "stem.weight", shape = [4], dtype = "F16" }]"#,
      code: 1,
      says: [
        "error project: tensor 'stem.weight': expected shape [4] and dtype F16, found shape [4, 3] and dtype F32 (tessera.toml: files[0].required[0])"
      ]),
    Row(file: "sub/w.safetensors", rules: #"forbidden = ["*.debug", { match = "steps", dtype = "F32" }]"#),
    Row(
      file: "sub/w.safetensors", rules: #"forbidden = ["x", "layer*"]"#, code: 1,
      says: [
        "error project: tensor 'layer0.up': expected no tensor that 'layer*' matches, found this one (tessera.toml: files[0].forbidden[1])",
        "error project: tensor 'layer1.up': expected no tensor that 'layer*' matches, found this one (tessera.toml: files[0].forbidden[1])",
      ]),
    Row(
      file: "sub/w.safetensors", rules: #"forbidden = [{ match = "*", shape = ["*"] }]"#, code: 1,
      says: [
        "error project: tensor 'steps': expected no tensor that '*' matches with shape [*], found this one (tessera.toml: files[0].forbidden[0])"
      ], lacks: "'stem.weight'"),
    Row(
      file: "sub/w.safetensors",
      rules: #"counts = [{ policy = "all-stored", largest = 37, smallest = "37" }]"#),
    Row(
      file: "sub/w.safetensors",
      rules: #"counts = [{ largest = "100bytes" }, { largest = 36 }, { smallest = "1kB" }]"#,
      code: 1,
      says: [
        "error project: everything stored: expected at most 100 bytes, found 140 bytes (policy 'all-stored'; tessera.toml: files[0].counts[0].largest)",
        "error project: everything stored: expected at most 36 parameters, found 37 parameters (policy 'all-stored'; tessera.toml: files[0].counts[1].largest)",
        "error project: everything stored: expected at least 1,000 bytes, found 140 bytes (policy 'all-stored'; tessera.toml: files[0].counts[2].smallest)",
      ]),
    Row(
      file: "sub/w.safetensors", rules: #"counts = [{ task = "t", largest = 1 }]"#, code: 1,
      says: [
        "error project: expected tasks to choose from, found a file without (tessera.toml: files[0].counts[0])"
      ]),
  ]

  private static let files: [Row] = [
    Row(file: "sub/w.safetensors", rules: #"formats = ["npz", "safetensors"]"#),
    Row(
      file: "module.pt", rules: #"formats = ["safetensors", "unit-checkpoint"]"#, code: 1,
      says: [
        "error project: expected format safetensors or unit-checkpoint, found pytorch (tessera.toml: files[0].formats)"
      ]),
    Row(file: "nan.safetensors", rules: #"largest-file = "1kB""#),
    Row(
      file: "nan.safetensors", rules: "largest-file = 69", code: 1,
      says: ["error project: expected at most 69 bytes, found 70 (tessera.toml: files[0].largest-file)"]),
    Row(
      file: "nan.safetensors", rules: #"non-finite = "error""#,
      says: [
        "note project: expected --deep to read all bytes: tessera.toml: files[0].non-finite is not checked"
      ]),
    Row(
      file: "nan.safetensors", rules: #"non-finite = "error""#, arguments: ["--deep"], code: 1,
      says: [
        "error project: tensor 'a': expected finite values, found 2 NaN of 2 elements (tessera.toml: files[0].non-finite)"
      ], lacks: "note non-finite"),
    Row(
      file: "nan.safetensors", rules: #"non-finite = "warning""#, arguments: ["--deep"], code: 1,
      says: ["warning project: tensor 'a': …"], lacks: "non-finite:"),
    Row(
      file: "nan.safetensors", rules: #"non-finite = "note""#, arguments: ["--deep"],
      says: ["note project: …"]),
    Row(file: "nan.safetensors", rules: #"non-finite = "off""#, arguments: ["--deep"], lacks: "NaN"),
    Row(
      file: "nan.safetensors",
      rules: #"sha256 = "86889d46db5e6c6217b8132ea8324ee5efa44ff307ae489b2b0d6cbfb550f2d9""#,
      arguments: ["--deep"]),
    Row(
      file: "nan.safetensors", rules: "sha256 = \"\(String(repeating: "0f", count: 32))\"",
      says: ["note project: expected --deep to read all bytes: tessera.toml: files[0].sha256 is not checked"]),
    Row(
      file: "nan.safetensors", rules: "sha256 = \"\(String(repeating: "0f", count: 32))\"",
      arguments: ["--deep"],
      code: 1,
      says: [
        "error project: expected SHA-256 \(String(repeating: "0f", count: 32)), found 86889d46db5e6c6217b8132ea8324ee5efa44ff307ae489b2b0d6cbfb550f2d9 (tessera.toml: files[0].sha256)"
      ]),
    Row(
      file: "module.pt", rules: #"allow-globals = ["__main__.Net", "torch.nn.*"]"#, code: 1,
      says: [
        "note project: expected --project tessera.toml to accept '__main__.Net': a document that was found may have come with the file (tessera.toml: files[0].allow-globals)"
      ]),
    Row(
      file: "module.pt", rules: #"allow-globals = ["__main__.Net", "torch.nn.*"]"#,
      arguments: ["--project", "tessera.toml"], lacks: "pickle-globals"),
    Row(
      file: "module.pt", rules: #"allow-globals = ["torch.nn.*"]"#, arguments: ["--project", "tessera.toml"],
      code: 1, says: ["warning pickle-globals: …"], lacks: "torch.nn"),
  ]

  /// Of `m.h5`, whose networks have 54,656, 249,856 and 195,200 parameters.
  private static let checkpoints: [Row] = [
    Row(
      file: "m.h5", rules: #"formats = ["unit-checkpoint"]\#ndtypes = ["F32"]\#nrequired = ["layer{}.up"]"#),
    Row(file: "m.h5", rules: #"counts = [{ largest = 249_856, smallest = 54656 }]"#),
    Row(
      file: "m.h5", rules: #"counts = [{ largest = "200k" }]"#, code: 1,
      says: [
        "error project: task 't', level 2 (large): expected at most 200,000 parameters, found 249,856 parameters (policy 'all-stored'; tessera.toml: files[0].counts[0].largest)"
      ], lacks: "task 'u'"),
    Row(
      file: "m.h5", rules: #"counts = [{ task = "u", smallest = "1MB" }]"#, code: 1,
      says: [
        "error project: task 'u', level 1: expected at least 1,000,000 bytes, found 780,800 bytes (policy 'all-stored'; tessera.toml: files[0].counts[0].smallest)"
      ], lacks: "task 't'"),
    Row(
      file: "m.h5",
      rules: #"counts = [{ level = "small", largest = 54655 }, { level = 1, largest = "195k" }]"#,
      code: 1,
      says: [
        "error project: task 't', level 1 (small): expected at most 54,655 parameters, …",
        "error project: task 'u', level 1: expected at most 195,000 parameters, …",
      ], lacks: "(large)"),
    Row(file: "m.h5", rules: #"counts = [{ task = "t", level = "large", largest = "250k" }]"#),
    Row(
      file: "m.h5", rules: #"counts = [{ task = "tt", largest = 1 }]"#, code: 1,
      says: ["error project: task: expected 't' or 'u', found 'tt'; …"]),
    Row(
      file: "m.h5", rules: #"counts = [{ task = "t", level = 3, largest = 1 }]"#, code: 1,
      says: [
        "error project: task 't': expected a level from 1 to 2, found 3 (tessera.toml: files[0].counts[0])"
      ]),
    Row(
      file: "torn.h5", rules: #"dtypes = ["F32"]\#ncounts = [{ largest = 1 }]"#, code: 1,
      says: [
        "warning unexamined: expected tensors to apply a rule to, found errors: tessera.toml: files[0].dtypes is not checked",
        "warning unexamined: expected tensors to apply a rule to, found errors: tessera.toml: files[0].counts is not checked",
      ]),
    Row(
      file: "lightning.ckpt", rules: #"counts = [{ policy = "masked.json", largest = 1 }]"#, code: 1,
      says: ["warning unexamined: expected a file that can be counted, found: …"]),
  ]

  @Test("are applied to the tensors of a file", arguments: tensors.indices)
  func ofTensors(number: Int) throws { try check(Self.tensors[number]) }

  @Test("are applied to a file as a whole", arguments: files.indices)
  func ofFiles(number: Int) throws { try check(Self.files[number]) }

  @Test("are applied to each sub-network", arguments: checkpoints.indices)
  func ofCheckpoints(number: Int) throws { try check(Self.checkpoints[number]) }

  @Test("have a row for each key, right and wrong")
  func complete() {
    let rows = Self.tensors + Self.files + Self.checkpoints
    for key in [
      "formats", "dtypes", "required", "forbidden", "largest-file", "non-finite", "allow-globals", "sha256",
      "counts",
    ] {
      let own = rows.filter { $0.rules.contains("\(key) =") }
      #expect(own.contains { $0.code == 1 } && own.contains { $0.code != 1 }, "\(key)")
    }
    #expect(rows.count == 39)
  }

  private func check(_ row: Row) throws {
    let project = try ProjectFolder()
    try project.write("[[files]]\nmatch = \"\(row.file)\"\n\(row.rules)\n")
    let run = try tessera(["validate"] + row.arguments + [row.file], directory: project.path)
    #expect(run.outputText.hasPrefix("project: tessera.toml (rules for 1 file)\n"), "\(run.outputText)")
    #expect(run.ending == .exited(row.code), "\(run.outputText) \(run.errorText)")
    var rest = run.outputText.split(separator: "\n").map { $0.drop { $0 == " " } }[...]
    for line in row.says {
      let isPrefix = line.hasSuffix("…")
      let place = rest.firstIndex { isPrefix ? $0.hasPrefix(line.dropLast()) : $0 == line }
      #expect(place != nil, "\(line)\nin \(run.outputText)")
      if let place { rest = rest[(place + 1)...] }
    }
    if !(row.lacks == "error project" && row.code != 0) {
      #expect(!run.outputText.contains(row.lacks), "\(run.outputText)")
    }
    // Without the document, none of its findings is left.
    let plain = try tessera(
      ["validate", "--no-project"] + row.arguments.filter { $0 == "--deep" } + [row.file],
      directory: project.path)
    #expect(!plain.outputText.contains("project"), "\(plain.outputText)")
  }
}
