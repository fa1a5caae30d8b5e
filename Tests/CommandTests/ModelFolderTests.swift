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

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  private func names(_ path: String) throws -> Set<String> {
    Set(try FileManager.default.contentsOfDirectory(atPath: path))
  }

  /// A copy of a model's folder as `model`, with a tokenizer, and its checkpoint `m.h5`.
  private func prepared(_ kind: String, _ options: [String] = []) throws -> TemporaryFolder {
    let folder = try copied(kind)
    try convert(folder, ["--units", "2"] + options, isSound: options.isEmpty)
    return folder
  }

  private func copied(_ kind: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: "\(Self.home)/\(kind)", toPath: folder.file("model"))
    try FileManager.default.removeItem(atPath: folder.file("model/expected.json"))
    _ = try folder.write(Array("{}\n".utf8), as: "model/tokenizer.json")
    return folder
  }

  private func convert(_ folder: TemporaryFolder, _ options: [String], isSound: Bool = true) throws {
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
  private func comesBack(_ folder: TemporaryFolder) throws {
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
    #expect(Self.kinds.count == 51)
    #expect(try Self.kinds.reduce(0) { try $0 + levels($1).count } == 94)
  }

  @Test("widths that differ between layers are written as per_layer_config on request")
  func perLayer() throws {
    let folder = try prepared("llama", ["--cut", "ffn", "--axis", "ffn0:units=30+10"])
    let refused = try tessera(["extract", "m.h5", "small/", "--level", "1"], directory: folder.path)
    #expect(
      refused.ending == .exited(2) && refused.errorText.contains("config.json gives one width for all layers")
    )
    let run = try tessera(
      ["extract", "m.h5", "small/", "--level", "1", "--per-layer-config", "--json"], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    guard case .object(let report) = try JSONParser().parse(run.output) else { return }
    let expected = """
      {"per_layer_config":{"0":{"intermediate_size":30},"1":{"intermediate_size":20}}}
      """
    #expect(report["configuration"].map { try? JSONWriter.text($0, layout: .compact) } == expected)
    let text = try String(decoding: bytes(folder.file("small/config.json")), as: UTF8.self)
    #expect(text.contains("\"intermediate_size\": 40,\n"))
    #expect(
      text.contains("  \"per_layer_config\": {\n    \"0\": {\n      \"intermediate_size\": 30\n    },\n"))
    _ = try JSONParser().parse(Array(text.utf8))
    let file = try tessera(
      ["extract", "m.h5", "small.npz", "--level", "1", "--per-layer-config"], directory: folder.path)
    #expect(file.ending == .exited(64))
  }

  /// Plans of experts and layers that a router or a loader could not use: the model, options of `plan`, changes of
  /// config.json, and the end of the sentence.
  static let counts: [(kind: String, options: [String], edit: (String, String)?, reason: String)] = [
    (
      "mixtral-8", ["--units", "8", "--cut", "experts"], nil,
      "num_experts_per_tok is 2, so a router cannot choose from 1 experts in a layer\n"
    ),
    (
      "deepseek_v3-groups", ["--units", "2", "--cut", "experts"], nil,
      "the router divides the experts into 2 equal groups, but tensor 'model.layers.1.mlp.gate.weight' keeps 4, 0 of them\n"
    ),
    (
      "deepseek_v3-groups",
      ["--units", "4", "--cut", "experts", "--axis", "experts{}:units=0+4/1+5/2+6/3+7"], nil,
      "the router needs at least 2 experts in each of its 2 groups, found 1\n"
    ),
    (
      "mixtral-8",
      ["--units", "2", "--cut", "model.layers.{}.block_sparse_moe.experts.{}.*=#experts{}"], nil,
      "tensor 'model.layers.0.block_sparse_moe.gate.weight' keeps other numbers than the tensors of 'experts0'\n"
    ),
    (
      "mixtral-8",
      [
        "--units", "2", "--cut", "model.layers.{}.block_sparse_moe.experts.{}.w1.*=#experts{}",
        "--axis", "experts{}:size=8",
      ], nil,
      "number 4 of 'experts0' keeps some of its tensors and loses others\n"
    ),
    (
      "mixtral-8", ["--units", "2", "--cut", "experts"], ("num_local_experts", "number_of_experts"),
      "expected one of the keys num_local_experts, which give the number of experts\n"
    ),
    (
      "gemma3n_text", ["--units", "2", "--skip-layers", "4"], nil,
      "layers from 6 use the keys and values of layer 4, so it cannot be left out\n"
    ),
    (
      "gemma3n_text", ["--units", "2", "--skip-layers", "6"], ("layer_types", "types_of_layers"),
      "config.json has no list layer_types, and loaders compute it from the numbers of layers\n"
    ),
    (
      "qwen3_moe-8", ["--units", "2", "--skip-layers", "2"],
      ("\"decoder_sparse_step\": 1", "\"decoder_sparse_step\": 2"),
      "decoder_sparse_step is 2, so what a layer does depends on its number\n"
    ),
    (
      "mixtral-8", ["--units", "2", "--cut", "experts"], ("num_experts_per_tok", "experts_for_a_token"),
      "expected num_experts_per_tok in config.json, and loaders take a default\n"
    ),
    (
      "deepseek_v3-groups", ["--units", "2", "--cut", "experts"], ("\"n_group\"", "\"groups\""),
      "expected n_group in config.json, and loaders take a default\n"
    ),
    (
      "deepseek_v3-groups", ["--units", "2", "--cut", "experts"], ("\"topk_group\": 1", "\"topk_group\": 0"),
      "topk_group: expected 1 to 2, found 0\n"
    ),
    (
      "gpt2", ["--units", "2", "--skip-layers", "0"],
      ("\"scale_attn_by_inverse_layer_idx\": false", "\"scale_attn_by_inverse_layer_idx\": true"),
      "scale_attn_by_inverse_layer_idx is 1, so what a layer does depends on its number\n"
    ),
    (
      "dinov2", ["--units", "2", "--cut", "layers", "--skip-layers", "0"], nil,
      "may have an entry for each layer, and what it means is not known here\n"
    ),
    (
      "llama", ["--units", "2", "--skip-layers", "1"],
      ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": -1"),
      "no key of config.json gives the number of layers\n"
    ),
    (
      "modernbert", ["--units", "2", "--skip-layers", "0"], nil,
      "layer 0 of modernbert is unlike the others, and no other can take its place\n"
    ),
    (
      "llama", ["--units", "2", "--skip-layers", "1"], ("num_hidden_layers", "layers"),
      "no key of config.json gives the number of layers\n"
    ),
  ]

  @Test(
    "a level whose tensors keep different channels of one layer is refused, whatever the units are called")
  func differentChannels() throws {
    let folder = try copied("llama")
    let plan =
      #"{"format": "tessera.plan/1", "units": 2, "axes": {"a{}": {"modules": true}, "b{}": {"modules": true}},"#
      + #" "tensors": [{"match": "model.layers.{}.mlp.gate_proj.weight", "axes": ["a{}", null]},"#
      + #" {"match": "model.layers.{}.mlp.up_proj.weight", "axes": ["a{}", null]},"#
      + #" {"match": "model.layers.{}.mlp.down_proj.weight", "axes": [null, "b{}"]}],"#
      + #" "tasks": [{"name": "all", "order": [0, 1], "levels": [1, 2], "axes": {"b{}": {"order": [1, 0], "levels": [1, 2]}}}]}"#
    for (order, isWritten) in [("[1, 0]", false), ("[0, 1]", true)] {
      let text = plan.replacing("\"b{}\": {\"order\": [1, 0]", with: "\"b{}\": {\"order\": \(order)")
      // A task names axes, not templates.
      let own = text.replacing(
        "\"b{}\": {\"order\": \(order), \"levels\": [1, 2]}",
        with: ["b0", "b1"].map { "\"\($0)\": {\"order\": \(order), \"levels\": [1, 2]}" }.joined(
          separator: ", "))
      _ = try folder.write(Array(own.utf8), as: "plan.json")
      let run = try tessera(["convert", "model", "m.h5", "--plan", "plan.json"], directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
      let small = try tessera(["extract", "m.h5", "small/", "--level", "1"], directory: folder.path)
      #expect(small.ending == .exited(isWritten ? 0 : 2), "\(small.errorText)")
      if !isWritten { #expect(small.errorText.hasSuffix("keep different channels of one layer\n")) }
    }
  }

  @Test("the part of config.json for text gets its numbers and lists")
  func textPart() throws {
    let folder = try copied("gemma3n_text")
    let path = folder.file("model/config.json")
    let text = try String(decoding: bytes(path), as: UTF8.self)
    _ = try folder.write(
      Array("{\n\"model_type\": \"gemma3n\",\n\"text_config\": \(text)}\n".utf8), as: "model/config.json")
    try convert(folder, ["--units", "2", "--cut", "ffn", "--skip-layers", "6-7"])
    let small = try tessera(["extract", "m.h5", "small/", "--level", "1"], directory: folder.path)
    #expect(small.ending == .exited(0), "\(small.errorText)")
    guard
      case .object(let document) = try JSONParser().parse(Array(bytes(folder.file("small/config.json")))),
      case .object(let part)? = document["text_config"]
    else { return }
    #expect(document.members.map(\.key) == ["model_type", "text_config"])
    #expect(part["num_hidden_layers"] == 8 && part["num_kv_shared_layers"] == 2)
    for key in ["layer_types", "activation_sparsity_pattern", "intermediate_size"] {
      guard case .array(let list)? = part[key] else {
        Issue.record("no \(key)")
        continue
      }
      #expect(list.count == 8)
    }
    try comesBack(folder)
    // A loader reads one of the two numbers.
    _ = try folder.write(
      Array("{\"model_type\": \"gemma3n\", \"num_hidden_layers\": 10, \"text_config\": \(text)}\n".utf8),
      as: "model/config.json")
    try convert(folder, ["--units", "2", "--cut", "ffn", "--skip-layers", "6-7"])
    let twice = try tessera(["extract", "m.h5", "twice/", "--level", "1"], directory: folder.path)
    #expect(
      twice.ending == .exited(2)
        && twice.errorText.contains("num_hidden_layers is in config.json and in its part"))
  }

  @Test("numbers of layers and experts beyond any model are refused")
  func hugeNumbers() throws {
    for name in ["model.layers.100000000.x", "model.layers.9223372036854775807.x"] {
      let folder = try copied("llama")
      let file = try bytes(folder.file("model/model.safetensors"))
      let length = file[..<8].enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
      let header = String(decoding: file[8..<8 + length], as: UTF8.self)
      let size = file.count - 8 - length
      let more = header.replacingOccurrences(
        of: "\"lm_head.weight\"",
        with:
          "\"\(name)\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[\(size),\(size + 8)]},\"lm_head.weight\""
      )
      let start = (0..<8).map { UInt8(truncatingIfNeeded: more.utf8.count >> (8 * $0)) }
      _ = try folder.write(
        start + Array(more.utf8) + file[(8 + length)...] + [UInt8](repeating: 0, count: 8),
        as: "model/model.safetensors")
      let run = try tessera(["plan", "model", "--units", "2", "--skip-layers", "0"], directory: folder.path)
      #expect(
        run.ending == .exited(2)
          && run.errorText.contains("expected the number of a channel of axis 'layers'"), "\(run.errorText)")
    }
  }

  @Test("experts and layers that could not be loaded without the others", arguments: counts.indices)
  func uncountable(number: Int) throws {
    let row = Self.counts[number]
    let folder = try copied(row.kind)
    if let (from, to) = row.edit {
      let text = try String(decoding: bytes(folder.file("model/config.json")), as: UTF8.self)
      #expect(text.contains(from))
      _ = try folder.write(Array(text.replacingOccurrences(of: from, with: to).utf8), as: "model/config.json")
    }
    try convert(folder, row.options, isSound: !row.options.contains { $0.contains("#") })
    let run = try tessera(["extract", "m.h5", "small/", "--level", "1"], directory: folder.path)
    #expect(run.ending == .exited(2))
    #expect(
      run.errorText.hasPrefix("tessera: m.h5: the sub-network could not be loaded: ")
        && run.errorText.hasSuffix(row.reason), "\(run.errorText)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("small")))
    try comesBack(folder)
  }

  /// Options of `plan` that fit no model: the model, the options, and what standard error contains.
  static let options: [(kind: String, options: [String], words: String)] = [
    ("t5", ["--skip-layers", "1"], "expected a model with one stack of layers, and its config.json"),
    ("llama", ["--skip-layers", "2"], "expected some of the layers 0 to 1, found '2'"),
    ("llama", ["--skip-layers", "0-1"], "expected some of the layers 0 to 1"),
    ("llama", ["--skip-layers", "one"], "expected numbers such as 20-24,30, found 'one'"),
    ("llama", ["--cut", "experts"], "one of ffn, heads, layers, found 'experts'"),
    (
      "mixtral", ["--cut", "experts", "--order", "ranking"],
      "expected importance, FILE.json or GROUP=FILE.json"
    ),
    (
      "mixtral", ["--cut", "experts", "--order", "r.json"],
      "expected axes of the plan, such as 'experts0', found '0'"
    ),
    ("mixtral", ["--cut", "experts", "--order", "expert=r.json"], "such as 'experts0', found 'expert0'"),
    (
      "mixtral", ["--cut", "experts", "--order", "experts=far.json"],
      "channels of axis 'experts1', below 4, found 4"
    ),
    (
      "mixtral", ["--cut", "experts", "--order", "experts=twice.json"],
      "expected each channel once, found 1 again"
    ),
    ("mixtral", ["--cut", "experts", "--order", "experts=no.json"], "no.json: cannot open"),
  ]

  @Test("options that fit no model are refused", arguments: options.indices)
  func wrongOptions(number: Int) throws {
    let row = Self.options[number]
    let folder = try copied(row.kind)
    for (name, text) in [
      ("r", "{\"0\": [1]}"), ("far", "[[0], [1, 4]]"), ("twice", "{\"0\": [1, 0, 1]}"),
    ] { _ = try folder.write(Array(text.utf8), as: "\(name).json") }
    let run = try tessera(["plan", "model", "--units", "2"] + row.options, directory: folder.path)
    #expect(run.ending == .exited(2) || run.ending == .exited(64))
    #expect(run.errorText.contains(row.words), "\(run.errorText)")
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

  @Test("unknown files are named, -n protects the folder, and an index in the way is told of")
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
