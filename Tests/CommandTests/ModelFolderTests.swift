import Foundation
import StrictJSON
import TestSupport
import Testing

/// Folders of Hugging Face models. `samples/huggingface/check.py` made them and had transformers load the extracted
/// ones; `expected.json` is what it accepted.
@Suite("Folders of models", .serialized)
struct ModelFolderTests {
  static let home: String = SourceFolder.fixtures + "/folders"
  static let kinds: [String] = (try? FileManager.default.contentsOfDirectory(atPath: home).sorted()) ?? []

  func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  func names(_ path: String) throws -> Set<String> {
    Set(try FileManager.default.contentsOfDirectory(atPath: path))
  }

  /// A copy of a model's folder as `model`, with a tokenizer, and its checkpoint `m.h5`.
  func prepared(_ kind: String, _ options: [String] = []) throws -> TemporaryFolder {
    let folder = try copied(kind)
    try convert(folder, ["--units", "2"] + options, isSound: options.isEmpty)
    return folder
  }

  func copied(_ kind: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: "\(Self.home)/\(kind)", toPath: folder.file("model"))
    try FileManager.default.removeItem(atPath: folder.file("model/expected.json"))
    _ = try folder.write(Array("{}\n".utf8), as: "model/tokenizer.json")
    return folder
  }

  func convert(_ folder: TemporaryFolder, _ options: [String], isSound: Bool = true) throws {
    let plan = try tessera(["plan", "model", "-o", "plan.json"] + options, directory: folder.path)
    try #require(plan.ending == .exited(0), "\(plan.errorText)")
    #expect(!isSound || !plan.errorText.contains("half cut"), "\(plan.errorText)")
    let run = try tessera(["convert", "model", "m.h5", "--plan", "plan.json"], directory: folder.path)
    try #require(run.ending == .exited(0), "\(run.errorText)")
  }

  /// The levels that transformers judged: options of `plan`, the level, the lists of `--order`, and what was right.
  private func levels(_ kind: String) throws -> [JSONObject] {
    guard
      case .object(let document) = try JSONParser().parse(Array(bytes("\(Self.home)/\(kind)/expected.json"))),
      case .array(let levels)? = document["levels"]
    else { return [] }
    return levels.compactMap { if case .object(let level) = $0 { level } else { nil } }
  }

  @Test("a level is the folder that transformers loaded, and the whole folder comes back", arguments: kinds)
  func judged(kind: String) throws {
    let levels = try levels(kind)
    #expect(!levels.isEmpty)
    for level in levels {
      let folder = try copied(kind)
      guard case .array(let words)? = level["plan"], case .integer(let number)? = level["level"],
        case .string(let configuration)? = level["config"], case .object(let rows)? = level["tensors"]
      else {
        Issue.record("no level in expected.json")
        continue
      }
      if let ranking = level["ranking"] {
        _ = try folder.write(JSONWriter.bytes(ranking), as: "ranking.json")
      }
      try convert(folder, words.compactMap { if case .string(let word) = $0 { word } else { nil } })
      let small = try tessera(["extract", "m.h5", "small/", "--level", "\(number)"], directory: folder.path)
      #expect(small.ending == .exited(0), "\(small.errorText)")
      #expect(try String(decoding: bytes(folder.file("small/config.json")), as: UTF8.self) == configuration)
      let listing = try tessera(["inspect", "small", "--json", "--digests"], directory: folder.path)
      guard case .object(let listed) = try JSONParser().parse(listing.output),
        case .array(let tensors)? = listed["tensors"]
      else {
        Issue.record("\(listing.errorText)")
        continue
      }
      #expect(tensors.count == rows.members.count && tensors.count >= 14)
      for case .object(let tensor) in tensors {
        guard case .string(let name)? = tensor["name"], case .object(let row)? = rows[name] else {
          Issue.record("another tensor: \(tensor)")
          continue
        }
        #expect(tensor["shape"] == row["shape"] && tensor["sha256"] == row["sha256"], "\(name)")
      }
      #expect(
        try names(folder.file("small")) == names(folder.file("model")).union(["README.md"]), "\(kind)")
      try comesBack(folder)
    }
  }

  /// Checks that the original folder, and the largest level, are what they were.
  func comesBack(_ folder: TemporaryFolder) throws {
    let back = try tessera(["convert", "m.h5", "back/"], directory: folder.path)
    #expect(back.ending == .exited(0), "\(back.errorText)")
    #expect(try names(folder.file("back")) == names(folder.file("model")))
    for name in try names(folder.file("model")) {
      #expect(try bytes(folder.file("back/\(name)")) == bytes(folder.file("model/\(name)")), "\(name)")
    }
    let plan = try JSONParser().parse(Array(bytes(folder.file("plan.json"))))
    guard case .object(let document) = plan, case .integer(let units)? = document["units"] else { return }
    let whole = try tessera(["extract", "m.h5", "whole/", "--level", "\(units)"], directory: folder.path)
    #expect(whole.ending == .exited(0), "\(whole.errorText)")
    for name in ["config.json", "model.safetensors"] {
      #expect(try bytes(folder.file("whole/\(name)")) == bytes(folder.file("model/\(name)")), "\(name)")
    }
  }

  @Test("every folder is tried")
  func complete() throws {
    #expect(Self.kinds.count == 120)
    #expect(try Self.kinds.reduce(0) { try $0 + levels($1).count } == 224)
  }

  /// A plan that config.json cannot describe: the model, options of plan, and the end of the sentence.
  static let refusals: [(kind: String, options: [String], reason: String)] = [
    (
      "bert", ["--cut", "heads"],
      "loaders of bert compute the width of a head from the number of heads, so they would run another network\n"
    ),
    (
      "llama",
      [
        "--cut", "model.layers.0.mlp.down_proj.weight=-,ffn", "--cut",
        "model.layers.0.mlp.*_proj.weight=ffn,-",
      ],
      "tensor 'model.layers.1.mlp.gate_proj.weight' keeps 40 of 40, and others 20 of 40\n"
    ),
    (
      "llama", ["--cut", "model.embed_tokens.weight=vocabulary,-"],
      "no key of config.json gives the new shape of tensor 'model.embed_tokens.weight'\n"
    ),
    // Half of each head, from shapes the same as half of the heads.
    (
      "llama",
      [
        "--cut", "model.layers.{}.self_attn.q_proj.weight=4*h{},-", "--cut",
        "model.layers.{}.self_attn.k_proj.weight=2*h{},-", "--cut",
        "model.layers.{}.self_attn.v_proj.weight=2*h{},-", "--cut",
        "model.layers.{}.self_attn.o_proj.weight=-,4*h{}",
      ],
      "the cut of tensor 'model.layers.0.self_attn.q_proj.weight' does not keep whole heads as the model orders them\n"
    ),
    // Gate and up are one after another, not side by side.
    (
      "phi3",
      [
        "--cut", "model.layers.{}.mlp.gate_up_proj.weight=f{}*2,-", "--cut",
        "model.layers.{}.mlp.down_proj.weight=-,f{}",
      ],
      "the cut of tensor 'model.layers.0.mlp.gate_up_proj.weight' does not keep whole channels as the model orders them\n"
    ),
    // The gate keeps the first half of its channels, the others the second.
    (
      "llama",
      [
        "--cut", "model.layers.{}.mlp.gate_proj.weight=a{},-", "--cut",
        "model.layers.{}.mlp.up_proj.weight=b{},-",
        "--cut", "model.layers.{}.mlp.down_proj.weight=-,b{}", "--axis", "b{}:units=20-39/0-19",
      ],
      "keep different channels of one layer\n"
    ),
    (
      "olmo2",
      [
        "--cut", "model.layers.{}.self_attn.q_proj.weight=h{}*6,-", "--cut",
        "model.layers.{}.self_attn.k_proj.weight=g{}*6,-", "--cut",
        "model.layers.{}.self_attn.v_proj.weight=g{}*6,-",
        "--cut", "model.layers.{}.self_attn.o_proj.weight=-,h{}*6",
      ], "is a norm over all heads, so fewer heads compute something else\n"
    ),
    ("dinov2", ["--cut", "ffn"], "no key of config.json gives the width of group 'ffn' of dinov2\n"),
    (
      "deepseek_v3", ["--cut", "shared"],
      "group 'ffn' stays whole, but a cut changes moe_intermediate_size, which is its width, too\n"
    ),
  ]

  @Test(
    "a sub-network that no config.json describes is refused, and nothing is written", arguments: refusals)
  func unloadable(kind: String, options: [String], reason: String) throws {
    let folder = try prepared(kind, options)
    let run = try tessera(["extract", "m.h5", "small/", "--level", "1"], directory: folder.path)
    #expect(run.ending == .exited(2))
    #expect(
      run.errorText.hasPrefix("tessera: m.h5: the sub-network could not be loaded: ")
        && run.errorText.hasSuffix(reason), "\(run.errorText)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("small")))
    // The tensors alone can be written all the same.
    let alone = try tessera(["extract", "m.h5", "small.safetensors", "--level", "1"], directory: folder.path)
    #expect(alone.ending == .exited(0), "\(alone.errorText)")
  }

  /// Changes of config.json before the conversion, and what `extract` says or writes.
  static let configurations: [(name: String, from: String, to: String, isWritten: Bool, words: String)] = [
    (
      "quantised", "\"hidden_act\"",
      "\"quantization_config\": {\"quant_method\": \"fp8\"},\n  \"hidden_act\"", false,
      "config.json has a quantization_config, and scales and packed weights are not cut"
    ),
    (
      "no width of a head", "  \"head_dim\": 6,\n", "", true,
      "\"num_attention_heads\": 2,\n  \"head_dim\": 6,\n"
    ),
    ("null", "\"head_dim\": 6", "\"head_dim\": null", true, "\"head_dim\": 6,\n"),
    (
      "no number of key heads", "  \"num_key_value_heads\": 2,\n", "", true,
      "\"num_attention_heads\": 2,\n  \"num_key_value_heads\": 1,\n"
    ),
  ]

  @Test("config.json says what loaders would take from a default", arguments: configurations.map(\.name))
  func defaults(name: String) throws {
    let row = try #require(Self.configurations.first { $0.name == name })
    let folder = try prepared("llama")
    let path = folder.file("model/config.json")
    let text = try String(decoding: bytes(path), as: UTF8.self)
    #expect(text.contains(row.from))
    _ = try folder.write(
      Array(text.replacingOccurrences(of: row.from, with: row.to).utf8), as: "model/config.json")
    #expect(
      try tessera(["convert", "model", "c.h5", "--plan", "plan.json"], directory: folder.path).ending
        == .exited(0))
    let run = try tessera(["extract", "c.h5", "small/", "--level", "1"], directory: folder.path)
    #expect(run.ending == .exited(row.isWritten ? 0 : 2), "\(run.errorText)")
    let found =
      row.isWritten
      ? try String(decoding: bytes(folder.file("small/config.json")), as: UTF8.self) : run.errorText
    #expect(found.contains(row.words), "\(found)")
    if row.isWritten { _ = try JSONParser().parse(Array(found.utf8)) }
  }

  @Test("unknown files are named, -n protects the folder, and an index in the way is reported")
  func aroundTheFolder() throws {
    let folder = try prepared("llama")
    _ = try folder.write([1, 2, 3], as: "model/notes.xyz")
    let listing = try tessera(["inspect", "m.h5"], directory: folder.path)
    #expect(listing.outputText.contains("\nfiles: config.json, generation_config.json, tokenizer.json\n"))
    let again = try tessera(["convert", "model", "n.h5"], directory: folder.path)
    #expect(again.errorText.contains("kept: config.json, generation_config.json, tokenizer.json ("))
    #expect(again.errorText.contains("left out: other files of the folder: notes.xyz\n"))
    let first = try tessera(["extract", "m.h5", "small/", "--level", "1"], directory: folder.path)
    #expect(first.ending == .exited(0))
    let card = try String(decoding: bytes(folder.file("small/README.md")), as: UTF8.self)
    #expect(card.contains("task 'all' uses at level 1") && card.contains("| parameters | "))
    let other = try tessera(["extract", "m.h5", "model/", "--level", "1"], directory: folder.path)
    #expect(
      other.ending == .exited(2)
        && other.errorText.hasSuffix("one that was extracted before, found 'config.json' of another origin\n")
    )
    let copy = try tessera(["convert", "small", "copy/"], directory: folder.path)
    #expect(copy.ending == .exited(0), "\(copy.errorText)")
    #expect(try names(folder.file("copy")) == names(folder.file("small")))
    let kept = try tessera(["extract", "m.h5", "small/", "--level", "2", "-n"], directory: folder.path)
    #expect(kept.ending == .exited(2) && kept.errorText.contains("expected none of that name (-n)"))
    _ = try folder.write(Array("{}".utf8), as: "small/model.safetensors.index.json")
    let index = try tessera(["extract", "m.h5", "small/", "--level", "2"], directory: folder.path)
    #expect(
      index.ending == .exited(2)
        && index.errorText.contains("expected a folder without an index, for a single file of weights"))
  }

  @Test("a set of shards comes back with its other files")
  func shards() throws {
    let folder = try prepared("llama")
    let split = try tessera(
      ["convert", "model", "set/", "--shard-size", "20kB"], directory: folder.path)
    #expect(split.ending == .exited(0), "\(split.errorText)")
    #expect(try names(folder.file("set")).contains("config.json"))
    let run = try tessera(["convert", "set", "s.h5", "--plan", "plan.json"], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    let back = try tessera(["convert", "s.h5", "back/"], directory: folder.path)
    #expect(back.ending == .exited(0), "\(back.errorText)")
    #expect(try names(folder.file("set")).count >= 4)
    for name in try names(folder.file("set")) {
      #expect(try bytes(folder.file("back/\(name)")) == bytes(folder.file("set/\(name)")), "\(name)")
    }
  }
}
