import Foundation
import StrictJSON
import TestSupport
import Testing

/// Several inputs in one checkpoint. `samples/huggingface/adapters.py` made the folders, and PEFT loaded what Tessera
/// gave back; `expected.json` has the digests of its files and tensors.
@Suite("Added inputs", .serialized)
struct AddedInputTests {
  static let home: String = SourceFolder.fixtures + "/adapters"
  static let adding = ["--add", "sql=sql", "--add", "chat=chat/", "--add", "head=head.safetensors"]

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  /// A copy of the fixtures.
  private func copied() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in ["base", "sql", "chat", "head.safetensors"] {
      try FileManager.default.copyItem(atPath: "\(Self.home)/\(name)", toPath: folder.file(name))
    }
    return folder
  }

  /// Runs a command that must succeed.
  @discardableResult
  private func run(_ arguments: [String], in folder: TemporaryFolder) throws -> Subprocess {
    let run = try tessera(arguments, directory: folder.path)
    try #require(run.ending == .exited(0), "\(arguments): \(run.errorText)")
    return run
  }

  private func requireSame(_ one: String, _ other: String, in folder: TemporaryFolder) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file(one)).sorted()
    #expect(try names == FileManager.default.contentsOfDirectory(atPath: folder.file(other)).sorted())
    #expect(!names.isEmpty)
    for name in names {
      #expect(try bytes(folder.file("\(one)/\(name)")) == bytes(folder.file("\(other)/\(name)")), "\(name)")
    }
  }

  private func object(_ bytes: [UInt8]) throws -> JSONObject {
    guard case .object(let object) = try JSONParser().parse(bytes) else { throw Unreadable() }
    return object
  }

  private struct Unreadable: Error {}

  static let plans: [(name: String, options: [String])] = [
    ("none", []), ("two units", ["--plan", "plan.json"]),
    ("compressed", ["--plan", "plan.json", "--compress"]),
  ]

  @Test(
    "every input comes back as it was, and PEFT's files have PEFT's digests", arguments: plans.map(\.name))
  func judged(plan: String) throws {
    let folder = try copied()
    let options = try #require(Self.plans.first { $0.name == plan }?.options)
    try run(["plan", "base", "--units", "2", "-o", "plan.json"], in: folder)
    try run(["convert", "base", "m.h5"] + Self.adding + options, in: folder)
    try run(["convert", "m.h5", "back/"], in: folder)
    try requireSame("back", "base", in: folder)
    for name in ["sql", "chat"] {
      try run(["extract", "m.h5", "\(name)-out/", "--task", name], in: folder)
      try requireSame("\(name)-out", name, in: folder)
      try run(["convert", "m.h5", "\(name)-taken/", "--take", name], in: folder)
      try requireSame("\(name)-taken", name, in: folder)
    }
    for line in [
      ["extract", "m.h5", "h.safetensors", "--task", "head"],
      ["convert", "m.h5", "h.safetensors", "--take", "head"],
    ] {
      try run(line, in: folder)
      #expect(try bytes(folder.file("h.safetensors")) == bytes(folder.file("head.safetensors")))
    }
    #expect(try tessera(["validate", "m.h5", "--deep"], directory: folder.path).ending == .exited(0))
    let verified = try run(["verify", "base", "m.h5"] + Self.adding, in: folder)
    #expect(verified.outputText.contains("43 tensors"), "\(verified.outputText)")

    // The tensors, as PEFT's own safetensors reader sees them.
    let expected = try object(Array(bytes("\(Self.home)/expected.json")))
    guard case .object(let inputs)? = expected["tensors"] else { throw Unreadable() }
    let listing = try run(["inspect", "m.h5", "--json", "--digests"], in: folder)
    let listed = try object(listing.output)
    guard case .array(let tensors)? = listed["tensors"] else { throw Unreadable() }
    var found = 0
    for input in inputs.members {
      guard case .object(let rows) = input.value else { throw Unreadable() }
      let prefix = input.key == "base" ? "" : input.key + "/"
      for row in rows.members {
        guard case .object(let row_) = row.value else { throw Unreadable() }
        for case .object(let tensor) in tensors where tensor["name"] == .string(prefix + row.key) {
          #expect(tensor["sha256"] == row_["sha256"] && tensor["shape"] == row_["shape"], "\(row.key)")
          found += 1
        }
      }
    }
    #expect(found == 43 && tensors.count == 43)
  }

  @Test("the task of an input has its own tensors and those of the base that it does not replace")
  func networks() throws {
    let folder = try copied()
    try run(["convert", "base", "m.h5"] + Self.adding, in: folder)
    let counted = try object(try run(["count", "m.h5", "--json"], in: folder).output)
    guard case .array(let policies)? = counted["policies"], case .object(let policy)? = policies.first,
      case .array(let rows)? = policy["rows"]
    else { throw Unreadable() }
    var found: [String: JSONValue] = [:]
    for case .object(let row) in rows {
      if case .string(let task)? = row["task"] { found[task] = row["parameters"] }
    }
    // 768 of the base's 10,872 parameters are its lm_head, which `head` replaces by 768 weights and 32 biases.
    #expect(found == ["base": 10_872, "sql": 11_376, "chat": 12_632, "head": 10_904])
    let extracted = try run(["extract", "m.h5", "o/", "--task", "sql", "--json"], in: folder)
    let report = try object(extracted.output)
    #expect(report["tensors"] == 8 && report["parameters"] == 504 && report["base_tensors"] == 21)
    let text = try run(["extract", "m.h5", "h.npz", "--task", "head"], in: folder)
    #expect(text.outputText.hasSuffix("; 20 tensors of the first input are left out\n"))
    let whole = try run(["extract", "m.h5", "b.npz", "--task", "base"], in: folder)
    #expect(whole.outputText.contains(": 21 tensors, 10,872 parameters"))
    let inspected = try run(["inspect", "m.h5"], in: folder).outputText
    #expect(inspected.contains("\nadded 'sql': safetensors of 8 tensors, README.md, adapter_config.json\n"))
    #expect(inspected.contains("\nadded 'head': safetensors of 2 tensors\n"))
  }

  @Test("the inputs that are not written are listed")
  func rest() throws {
    let folder = try copied()
    try run(["convert", "base", "m.h5"] + Self.adding, in: folder)
    let back = try run(["convert", "m.h5", "b.safetensors"], in: folder)
    #expect(
      back.errorText == """
        left out: 'sql', an added input of 8 tensors; --take sql writes it
        left out: 'chat', an added input of 12 tensors; --take chat writes it
        left out: 'head', an added input of 2 tensors; --take head writes it

        """)
    let taken = try run(["convert", "m.h5", "s.safetensors", "--take", "head"], in: folder)
    #expect(
      taken.errorText == """
        left out: the first input of 21 tensors; without --take, it is written
        left out: 'sql', an added input of 8 tensors; --take sql writes it
        left out: 'chat', an added input of 12 tensors; --take chat writes it

        """)
  }

  /// A wrong command line or a wrong input; `q` is added to `base`, or to `w.safetensors`.
  static let refusals: [(arguments: [String], code: Int32, words: String)] = [
    (["base", "o.h5", "--add", "a/b=sql"], 64, "which begins with a letter or digit, found 'a/b'"),
    (["base", "o.h5", "--add", "..=sql"], 64, "found '..'"),
    (["base", "o.h5", "--add", "=sql"], 64, "found ''"),
    (["base", "o.h5", "--add", "*=sql"], 64, "found '*'"),
    (["base", "o.h5", "--add", "é=sql"], 64, "found 'é'"),
    (["base", "o.h5", "--add", "sql"], 64, "--add: expected NAME=PATH, found 'sql'"),
    (["base", "o.h5", "--add", "q="], 64, "--add: expected NAME=PATH, found 'q='"),
    (["base", "o.h5", "--add", "q=sql", "--add", "q=chat"], 64, "expected each NAME once, found 'q' twice"),
    (["base", "m.h5", "--add", "q=m.h5"], 64, "DEST 'm.h5' would replace --add q: they are the same file"),
    (["base", "sql", "--add", "q=sql"], 64, "DEST 'sql' would replace --add q: they are the same folder"),
    (["base", "o.safetensors", "--add", "q=sql"], 64, "--add makes a unit checkpoint"),
    (["base", "o.h5", "--take", "q"], 64, "--take writes flat weights"),
    (["base", "o.npz", "--take", "q"], 2, "base: --take: expected a unit checkpoint, found flat weights"),
    (["m.h5", "o.npz", "--take", "sq"], 2, "found 'sq'; the nearest name is 'sql'"),
    (["w.h5", "o.npz", "--take", "sql"], 2, "no input was added to this checkpoint"),
    (["base", "o.h5", "--add", "base=sql"], 2, "expected another name, found that of the task for base/"),
    (["base", "o.h5", "--add", "q=m.h5"], 2, "m.h5: expected flat weights to add, found a unit checkpoint"),
    (["base", "o.h5", "--add", "q=none"], 2, "none: cannot open: no such file"),
    (["base", "o.h5", "--add", "q=x.onnx"], 2, "expected weights without a graph to add"),
    (["base", "o.h5", "--add", "q=empty.safetensors"], 2, "expected at least one tensor, found none"),
    (
      ["w.safetensors", "o.h5", "--add", "q=sql"], 2,
      "w.safetensors: --add 'q': expected no tensor under 'q/', which the names of sql/adapter_model.safetensors get, found 'q/w'"
    ),
    (["base", "o.h5", "--add", "q=broken"], 2, "broken/adapter_config.json: line 1, column 5"),
    (["base", "o.h5", "--add", "q=list"], 2, "list/adapter_config.json: expected an object, found an array"),
    (["m.h5", "o.h5", "--add", "q=sql"], 2, "expected flat weights to cut, found a unit checkpoint"),
  ]

  @Test("wrong names, paths and inputs are refused, and nothing is written")
  func refused() throws {
    let folder = try copied()
    try run(["convert", "base", "m.h5", "--add", "sql=sql"], in: folder)
    _ = try folder.write(SampleWeights.bytes([("q/w", "F32", [3]), ("v", "F32", [2])]), as: "w.safetensors")
    _ = try folder.write(SampleWeights.bytes([]), as: "empty.safetensors")
    try run(["convert", "w.safetensors", "w.h5"], in: folder)
    try FileManager.default.copyItem(
      atPath: SourceFolder.fixtures + "/onnx/seeds/branches.onnx", toPath: folder.file("x.onnx"))
    for (name, text) in [("broken", "{\"r\""), ("list", "[1]")] {
      try FileManager.default.copyItem(atPath: "\(Self.home)/sql", toPath: folder.file(name))
      _ = try folder.write(text, as: "\(name)/adapter_config.json")
    }
    let before = try folder.names()
    var ran = 0
    for row in Self.refusals {
      let run = try tessera(["convert"] + row.arguments, directory: folder.path)
      #expect(run.ending == .exited(row.code), "\(row.arguments): \(run.errorText)")
      #expect(run.errorText.contains(row.words), "\(row.arguments): \(run.errorText)")
      ran += 1
    }
    #expect(ran == 24)
    #expect(try folder.names() == before)
  }

  /// A change of sql/adapter_config.json, and the note that it makes.
  static let notes: [(from: String, to: String, words: String)] = [
    ("\"tiny-llama\"", "\"org/other\"", "the adapter was made for 'org/other'"),
    (
      "\"v_proj\"", "\"z_proj\"",
      "target_modules: expected modules of the base, found 'z_proj', which it lacks"
    ),
    (
      "\"r\": 3", "\"r\": 4",
      "module 'model.layers.0.self_attn.q_proj' and 3 more: expected rank 4 as in the configuration, found matrices of rank 3"
    ),
    // A pattern can give a module another rank, so that rank is no contradiction.
    ("\"rank_pattern\": {}", "\"rank_pattern\": {\"q_proj\": 9}", ""),
    ("\"peft_type\": \"LORA\"", "\"peft_type\": \"VERA\"", ""),
    ("\"target_modules\": [", "\"target_modules\": 3, \"other\": [", ""),
    ("\"r\": 3", "\"r\": 99999999999999999999", ""),
  ]

  @Test("a configuration that contradicts tensors or base gives a note, and comes back unchanged")
  func noted() throws {
    let folder = try copied()
    let text = try String(decoding: bytes(folder.file("sql/adapter_config.json")), as: UTF8.self)
    var ran = 0
    for row in Self.notes {
      #expect(text.contains(row.from), "\(row.from)")
      let changed = text.replacingOccurrences(of: row.from, with: row.to)
      _ = try folder.write(changed, as: "sql/adapter_config.json")
      let run = try tessera(["convert", "base", "m.h5", "--add", "q=sql"], directory: folder.path)
      if row.to.contains("99999") {
        // Not a number of this program's JSON; the sentence names the place.
        #expect(run.ending == .exited(2) && run.errorText.contains("sql/adapter_config.json: "))
        ran += 1
        continue
      }
      #expect(run.ending == .exited(0), "\(run.errorText)")
      let notes = run.errorText.split(separator: "\n").filter { $0.hasPrefix("note: sql/") }
      #expect(
        row.words.isEmpty
          ? notes.count == 1 : notes.contains("note: sql/adapter_config.json: \(row.words)"),
        "\(row.to): \(run.errorText)")
      try self.run(["extract", "m.h5", "out/", "--task", "q"], in: folder)
      try requireSame("out", "sql", in: folder)
      try FileManager.default.removeItem(atPath: folder.file("out"))
      ran += 1
    }
    #expect(ran == 7)
    // An adapter for another base.
    _ = try folder.write(text, as: "sql/adapter_config.json")
    let other = try tessera(["convert", "chat", "m.h5", "--add", "q=sql"], directory: folder.path)
    #expect(
      other.errorText.contains(
        "module 'model.layers.0.self_attn.q_proj' and 3 more: expected it in the base, found no such module\n"
      ),
      "\(other.errorText)")
    _ = try folder.write(
      SampleWeights.bytes([
        ("layers.0.self_attn.q_proj.weight", "F32", [10, 24]),
        ("layers.0.self_attn.v_proj.weight", "F32", [24, 12]),
        ("layers.1.self_attn.q_proj.qweight", "I32", [3, 24]),
        ("layers.1.self_attn.v_proj.weight", "F32", [12, 24]),
      ]), as: "w.safetensors")
    let shaped = try tessera(["convert", "w.safetensors", "m.h5", "--add", "q=sql"], directory: folder.path)
    #expect(
      shaped.errorText.hasSuffix(
        "module 'model.layers.0.self_attn.q_proj': expected 24 outputs and 24 inputs as in the adapter, found a base weight of shape [10, 24]\n"
      ), "\(shaped.errorText)")
  }

  @Test("a task of the plan can cut an added input; its configuration is then not written")
  func cutInput() throws {
    let folder = try copied()
    _ = try folder.write(
      """
      { "format": "tessera.plan/1", "units": 2, "axes": { "rows": { "size": 32 } },
        "tensors": [ { "match": "head/lm_head.*", "axes": ["rows"] } ],
        "tasks": [ { "name": "all", "order": [0, 1], "levels": [2] },
                   { "name": "head", "order": [1, 0], "levels": [1, 2] } ] }
      """.replacingOccurrences(of: "head/lm_head.*", with: "head/lm_head.bias"), as: "p.json")
    try run(["convert", "base", "m.h5", "--plan", "p.json", "--add", "head=head.safetensors"], in: folder)
    let small = try run(
      ["extract", "m.h5", "h.safetensors", "--task", "head", "--level", "1"], in: folder)
    #expect(small.outputText.contains("2 tensors, 784 parameters"), "\(small.outputText)")
    try run(["extract", "m.h5", "h.safetensors", "--task", "head", "--level", "2"], in: folder)
    #expect(try bytes(folder.file("h.safetensors")) == bytes(folder.file("head.safetensors")))

    _ = try folder.write(
      """
      { "format": "tessera.plan/1", "units": 2, "axes": { "r": { "size": 3, "units": [2, 1] } },
        "tensors": [ { "match": "q/*.lora_A.weight", "axes": ["r", null] },
                     { "match": "q/*.lora_B.weight", "axes": [null, "r"] } ],
        "tasks": [ { "name": "q", "order": [0, 1], "levels": [1, 2] } ] }
      """, as: "p.json")
    try run(["convert", "base", "m.h5", "--plan", "p.json", "--add", "q=sql"], in: folder)
    let refused = try tessera(
      ["extract", "m.h5", "o/", "--task", "q", "--level", "1"], directory: folder.path)
    #expect(refused.sentence().contains("'adapter_config.json' describes the whole input, but the plan cuts"))
    let alone = try run(["extract", "m.h5", "o.safetensors", "--task", "q", "--level", "1"], in: folder)
    #expect(alone.outputText.contains("8 tensors, 336 parameters"), "\(alone.outputText)")
    try run(["extract", "m.h5", "o/", "--task", "q", "--level", "2"], in: folder)
    try requireSame("o", "sql", in: folder)
    // Another adapter's folder is not replaced.
    let other = try tessera(
      ["extract", "m.h5", "chat/", "--task", "q", "--level", "2"], directory: folder.path)
    #expect(other.sentence().contains("expected a new folder or that of the same input, found another"))
  }

  @Test("sharded, PyTorch and tied inputs come back; equal tokenizers are stored once")
  func kinds() throws {
    let folder = try copied()
    let tokenizer = [UInt8](repeating: 0x20, count: 200_000)
    for name in ["sql", "chat"] { _ = try folder.write(tokenizer, as: "\(name)/tokenizer.json") }
    try run(["convert", "sql", "shards/", "--shard-size", "900"], in: folder)
    _ = try folder.write(tokenizer, as: "shards/tokenizer.json")
    try run(["convert", "head.safetensors", "head.pt"], in: folder)
    let torch = SourceFolder.fixtures + "/partial/wrapper.pt"
    let made = try run(
      [
        "convert", "shards/model.safetensors.index.json", "m.h5", "--add", "sql=sql", "--add", "set=shards",
        "--add", "chat=chat", "--add", "pt=head.pt", "--add", "part=\(torch)", "--leave-out", "*",
      ], in: folder)
    #expect(made.errorText.contains("left out: 'part/"), "\(made.errorText)")
    let size = try bytes(folder.file("m.h5")).count
    #expect(size < 350_000, "\(size) bytes: a tokenizer of 200,000 bytes is stored four times")
    for (line, one, other) in [
      (["convert", "m.h5", "a/"], "a", "shards"),
      (["convert", "m.h5", "b/", "--take", "set"], "b", "shards"),
      (["extract", "m.h5", "c/", "--task", "set"], "c", "shards"),
      (["convert", "m.h5", "d/", "--take", "sql"], "d", "sql"),
      (["convert", "m.h5", "e/", "--take", "chat"], "e", "chat"),
    ] {
      try run(line, in: folder)
      try requireSame(one, other, in: folder)
    }
    try run(["extract", "m.h5", "h.pt", "--task", "pt"], in: folder)
    let equal = try tessera(["diff", "h.pt", "head.safetensors"], directory: folder.path)
    #expect(equal.ending == .exited(0), "\(equal.outputText)")
    #expect(try tessera(["validate", "m.h5", "--deep"], directory: folder.path).ending == .exited(0))
  }
}
