import Foundation
import StrictJSON
import TestSupport
import Testing

/// Levels without some experts or layers, and plans and models of which no smaller folder can be made.
extension ModelFolderTests {
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
      "types_of_layers may have an entry for each layer, and what it means is not known here\n"
    ),
    (
      "gemma2", ["--units", "2", "--skip-layers", "1"], ("\"layer_types\"", "\"kinds\""),
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
        && twice.errorText.contains("num_hidden_layers is in config.json twice"))
  }

  @Test("the prefix of a training program is refused, and a folder without it is written")
  func wrapped() throws {
    let folder = try copied("llama")
    let file = try bytes(folder.file("model/model.safetensors"))
    let length = file[..<8].enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    let header = String(decoding: file[8..<8 + length], as: UTF8.self)
      .replacingOccurrences(of: "\"model.", with: "\"module.model.")
      .replacingOccurrences(of: "\"lm_head.", with: "\"module.lm_head.")
    let start = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    _ = try folder.write(start + Array(header.utf8) + file[(8 + length)...], as: "model/model.safetensors")
    try convert(folder, ["--units", "2"])
    let run = try tessera(["extract", "m.h5", "small/", "--level", "1"], directory: folder.path)
    #expect(
      run.ending == .exited(2) && run.errorText.contains("no loader knows names with the prefix 'module.'"))
    let root = try tessera(["convert", "model", "fixed/", "--root", "module"], directory: folder.path)
    #expect(root.ending == .exited(0), "\(root.errorText)")
    let check = try tessera(["validate", "fixed"], directory: folder.path)
    #expect(check.ending == .exited(0), "\(check.outputText)")
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
}
