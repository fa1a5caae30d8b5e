import TestSupport
import Testing
import Validation

/// A model's folder with one defect, and the finding that must say so.
struct BrokenFolder: CustomTestStringConvertible, Sendable {
  let label: String
  /// The folder in `Tests/Fixtures/folders` that is changed.
  let model: String
  let rule: RuleID
  let severity: Severity
  /// The words that the finding's file, place and message contain.
  let words: [String]
  let make: @Sendable (ModelFolderCopy) throws -> Void

  var testDescription: String { "\(label) (\(model))" }

  init(
    _ label: String, _ model: String, _ rule: RuleID, as severity: Severity = .error, _ words: [String],
    make: @escaping @Sendable (ModelFolderCopy) throws -> Void
  ) {
    self.label = label
    self.model = model
    self.rule = rule
    self.severity = severity
    self.words = words
    self.make = make
  }

  /// Another number in config.json; `key` may begin with the name of an object and a dot.
  static func number(_ label: String, _ model: String, _ key: String, _ value: Int, _ words: [String] = [])
    -> BrokenFolder
  {
    BrokenFolder(label, model, .configuration, ["config.json", key] + words) { copy in
      try copy.change { document in
        let parts = key.split(separator: ".").map(String.init)
        if parts.count == 1 {
          document[key] = value
        } else {
          var inner = document[parts[0]] as? [String: Any] ?? [:]
          inner[parts[1]] = value
          document[parts[0]] = inner
        }
      }
    }
  }

  /// A tensor of another shape.
  static func shape(
    _ label: String, _ model: String, _ tensor: String, _ shape: [Int], _ words: [String] = []
  )
    -> BrokenFolder
  {
    BrokenFolder(label, model, .configuration, words) { copy in
      try copy.changeTensors { tensors in
        precondition(tensors[tensor] != nil)
        tensors[tensor] = .init(shape: shape)
      }
    }
  }

  /// A missing tensor.
  static func without(_ label: String, _ model: String, _ tensor: String, named end: String? = nil)
    -> BrokenFolder
  {
    BrokenFolder(label, model, .configuration, [end ?? tensor, "found none"]) { copy in
      try copy.changeTensors { tensors in
        precondition(tensors[tensor] != nil)
        tensors[tensor] = nil
      }
    }
  }

  /// Two shards with another index.
  static func index(
    _ label: String, _ severity: Severity, _ words: [String],
    make: @escaping @Sendable (inout [String: Any]) -> Void
  ) -> BrokenFolder {
    BrokenFolder(label, "llama", .shards, as: severity, words) { copy in
      try copy.split()
      try copy.change(ModelFolderCopy.index, make)
    }
  }

  /// A file beside the weights.
  static func file(
    _ label: String, of model: String = "llama", _ rule: RuleID, as severity: Severity = .error,
    _ name: String,
    _ text: String, _ words: [String]
  ) -> BrokenFolder {
    BrokenFolder(label, model, rule, as: severity, [name] + words) { copy in
      _ = try copy.folder.write(Array(text.utf8), as: name)
    }
  }

  static let all = indexes + layers + widths + heads + experts + vocabularies + documents + parts

  private static let second = ModelFolderCopy.shard(2)
  private static let map = "weight_map"

  static let indexes: [BrokenFolder] = [
    index("wrong total_size", .warning, ["total_size"]) { $0["metadata"] = ["total_size": 1] },
    index("wrong total_parameters", .note, ["total_parameters"]) { index in
      var metadata = index["metadata"] as? [String: Any] ?? [:]
      metadata["total_parameters"] = 1
      index["metadata"] = metadata
    },
    index("tensor in another shard", .error, ["lm_head.weight"]) { index in
      var names = index[map] as? [String: String] ?? [:]
      names["lm_head.weight"] = second
      index[map] = names
    },
    index("tensor missing from the map", .error, ["lm_head.weight", "weight_map"]) { index in
      var names = index[map] as? [String: String] ?? [:]
      names["lm_head.weight"] = nil
      index[map] = names
    },
    index("no metadata", .error, ["metadata", "transformers requires"]) { $0["metadata"] = nil },
    BrokenFolder("a shard that the index does not name", "llama", .shards, as: .note, ["extra.safetensors"]) {
      try $0.split()
      try $0.write(tensors: ["x": .init(shape: [2])], as: "extra.safetensors")
    },
    BrokenFolder(
      "one file and an index", "llama", .shards, as: .warning, ["model.safetensors", "transformers loads it"]
    ) {
      let tensors = try $0.tensors()
      try $0.split()
      try $0.write(tensors: tensors)
    },
    BrokenFolder("shards without an index", "llama", .shards, ["index", "opens no shards"]) {
      try $0.split()
      try $0.remove(ModelFolderCopy.index)
    },
    BrokenFolder("a missing shard", "llama", .shards, [second]) {
      try $0.split()
      try $0.remove(second)
    },
  ]

  static let layers: [BrokenFolder] = [
    number("fewer layers in config.json", "llama", "num_hidden_layers", 1, ["expected 2"]),
    number("more layers in config.json", "gpt2", "n_layer", 3, ["expected 2"]),
    number("fewer layers in the decoder", "whisper", "decoder_layers", 1, ["expected 2"]),
    number("more layers in a tower", "clip", "vision_config.num_hidden_layers", 3, ["expected 2"]),
    BrokenFolder("a number left out", "llama", .configuration, ["model.layers.2.", "below 2", "found 2"]) {
      try $0.changeTensors { tensors in
        for (name, tensor) in tensors where name.hasPrefix("model.layers.1.") {
          tensors[name] = nil
          tensors[name.replacing("layers.1.", with: "layers.2.")] = tensor
        }
      }
    },
    BrokenFolder("a layer missing in the middle", "bert", .configuration, ["encoder.layer.1.", "found none"])
    {
      try $0.changeTensors { tensors in
        for (name, tensor) in tensors where name.hasPrefix("encoder.layer.1.") {
          tensors[name] = nil
          tensors[name.replacing("layer.1.", with: "layer.2.")] = tensor
        }
      }
      try $0.change { $0["num_hidden_layers"] = 3 }
    },
    without("a missing weight", "llama", "model.layers.1.mlp.up_proj.weight"),
    without("a missing bias", "bert", "encoder.layer.0.intermediate.dense.bias"),
    without("a missing norm in a layer", "t5", "encoder.block.1.layer.1.layer_norm.weight"),
    without("no embedding", "llama", "model.embed_tokens.weight", named: "embed_tokens.weight"),
    without("no shared embedding", "t5", "shared.weight"),
    without("no final norm", "qwen3", "model.norm.weight", named: "norm.weight"),
    without("no output layer", "mistral", "lm_head.weight"),
    without("no positions", "gpt2", "transformer.wpe.weight", named: "wpe.weight"),
    shape(
      "a shape unlike the other layer's", "llama", "model.layers.1.mlp.up_proj.weight", [39, 24], ["39"]),
    shape(
      "an input width unlike the other layer's", "gpt2", "transformer.h.1.mlp.c_fc.weight", [23, 40], ["23"]),
    shape("a norm of another width", "phi", "model.layers.0.input_layernorm.weight", [31], ["31"]),
    number(
      "experts where the weights have none", "deepseek_v3", "first_k_dense_replace", 0,
      ["no experts in layer 0"]),
    number(
      "no experts where the weights have some", "deepseek_v3", "first_k_dense_replace", 2,
      ["experts in layer 1"]),
    number("experts in other layers", "qwen3_moe-8", "decoder_sparse_step", 2, ["experts in layers 0, 2"]),
    BrokenFolder(
      "a list of layers without experts", "qwen3_moe-8", .configuration, ["mlp_only_layers", "layer 2"]
    ) {
      try $0.change { $0["mlp_only_layers"] = [1, 2] }
    },
    BrokenFolder(
      "fewer layers that share keys", "gemma3n_text", .configuration,
      ["model.layers.6.self_attn.k_proj", "layers 6, 7"]
    ) {
      try $0.change { $0["num_kv_shared_layers"] = 2 }
    },
    BrokenFolder(
      "keys missing where they are not shared", "gemma3n_text", .configuration,
      ["model.layers.5.self_attn.k_proj.weight", "found none"]
    ) {
      try $0.changeTensors { $0["model.layers.5.self_attn.k_proj.weight"] = nil }
    },
    BrokenFolder(
      "labels of a classifier", "bert", .configuration, ["id2label", "expected 3 labels", "found 2"]
    ) {
      try $0.change {
        $0["architectures"] = ["BertForSequenceClassification"]
        $0["id2label"] = ["0": "no", "1": "yes"]
      }
      try $0.changeTensors { $0["classifier.weight"] = .init(shape: [3, 24]) }
    },
    BrokenFolder(
      "labels without a key", "llama", .configuration, ["num_labels", "expected 5 labels", "found 2"]
    ) {
      try $0.change { $0["architectures"] = ["LlamaForSequenceClassification"] }
      try $0.changeTensors { $0["score.weight"] = .init(shape: [5, 24]) }
    },
    BrokenFolder("too few layer_types", "gemma2", .configuration, ["layer_types", "expected 2", "found 1"]) {
      try $0.change { $0["layer_types"] = ["full_attention"] }
    },
    BrokenFolder("layer_types of an unknown model", "gemma2", .configuration, ["layer_types", "found 3"]) {
      try $0.change {
        $0["layer_types"] = ["a", "b", "c"]
        $0["model_type"] = "gemma9"
      }
    },
  ]

  static let widths: [BrokenFolder] = [
    BrokenFolder(
      "weights that were not gathered", "llama", .configuration, ["at least one element", "not gather"]
    ) {
      try $0.changeTensors { tensors in for name in tensors.keys { tensors[name] = .init(shape: [0]) } }
    },
    number("FFN width", "llama", "intermediate_size", 44, ["expected 40"]),
    number("FFN width of [in, out] weights", "gpt2", "n_inner", 39, ["expected 40"]),
    number("FFN width of fused weights", "phi3", "intermediate_size", 80, ["expected 40"]),
    number("FFN width of an encoder", "bart", "encoder_ffn_dim", 41, ["expected 40"]),
    number("FFN width of a tower", "siglip", "text_config.intermediate_size", 41, ["expected 40"]),
    number("width of experts", "deepseek_v3", "moe_intermediate_size", 33, ["expected 32"]),
    number("width of stacked experts", "gpt_oss", "intermediate_size", 80, ["expected 40"]),
    number("width of the shared expert", "qwen2_moe", "shared_expert_intermediate_size", 41, ["expected 40"]),
    number("number of shared experts", "glm4_moe", "n_shared_experts", 1, []),
    number("hidden size", "llama", "hidden_size", 48, ["expected 24"]),
    number("hidden size under another key", "distilbert", "dim", 32, ["expected 24"]),
    number("hidden size of a tower", "clip", "vision_config.hidden_size", 32, ["expected 24"]),
    number("ratio instead of a width", "dinov2", "mlp_ratio", 2, ["expected 96"]),
    number("low rank of keys and values", "deepseek_v3", "kv_lora_rank", 8, ["expected 14"]),
    BrokenFolder("a width that is text", "llama", .configuration, ["intermediate_size", "found a string"]) {
      try $0.change { $0["intermediate_size"] = "40" }
    },
    number("a width beyond 64 bits", "deepseek_v3", "n_shared_experts", .max, []),
  ]

  static let heads: [BrokenFolder] = [
    number(
      "half the heads, with head_dim", "llama", "num_attention_heads", 2,
      ["expected heads × width equal to 24"]),
    number(
      "half the heads, with grouped keys", "granite", "num_attention_heads", 2, ["heads × width equal to 12"]),
    number("key heads", "llama", "num_key_value_heads", 1, ["heads × width equal to 12"]),
    BrokenFolder(
      "as many key heads as query heads in the weights", "llama", .configuration,
      ["num_key_value_heads", "k_proj"]
    ) {
      try $0.changeTensors { tensors in
        for name in tensors.keys where name.contains("k_proj") || name.contains("v_proj") {
          tensors[name] = .init(shape: [24, 24])
        }
      }
    },
    number(
      "key heads that do not divide", "qwen2", "num_key_value_heads", 3, ["divides num_attention_heads 4"]),
    BrokenFolder(
      "key heads of an unknown model", "qwen2", .configuration, ["num_key_value_heads", "divides"]
    ) {
      try $0.change {
        $0["num_key_value_heads"] = 3
        $0["model_type"] = "nova"
      }
    },
    number("width of a head", "qwen3", "head_dim", 4, ["8"]),
    number("heads of fused weights", "phi3", "num_key_value_heads", 4, []),
    number("fewer than no heads", "llama", "num_attention_heads", -4),
    number("no head", "llama", "num_attention_heads", 0, []),
    number("heads beyond 64 bits", "bert", "num_attention_heads", .max, []),
    number("heads that do not divide", "bert", "num_attention_heads", 5, ["24"]),
    BrokenFolder("half of all heads without head_dim", "mistral", .configuration, ["heads of width 6"]) {
      try $0.change { $0["head_dim"] = nil }
      try $0.changeTensors { tensors in
        for (name, tensor) in tensors where name.contains("self_attn.") {
          tensors[name] = .init(
            shape: tensor.shape.enumerated().map {
              ($0.offset == 1) == name.contains("o_proj") ? $0.element / 2 : $0.element
            })
        }
      }
    },
    BrokenFolder(
      "no head_dim, and a loader's own", "qwen3", .configuration, ["no head_dim", "loaders take 128"]
    ) {
      try $0.change { $0["head_dim"] = nil }
    },
    // Llama's loader takes as many as query heads.
    BrokenFolder("no key heads", "llama", .configuration, ["num_key_value_heads", "k_proj", "found 4, 4, 6"])
    {
      try $0.change { $0["num_key_value_heads"] = nil }
    },
    BrokenFolder(
      "no key heads, and a loader's own", "mistral", .configuration, ["num_key_value_heads", "take 8"]
    ) {
      try $0.change { $0["num_key_value_heads"] = nil }
    },
    number("heads of low-rank attention", "deepseek_v3", "num_attention_heads", 8, []),
    BrokenFolder("heads changed with head_dim", "qwen3", .configuration, ["head_dim", "q_norm"]) {
      try $0.change {
        $0["num_attention_heads"] = 2
        $0["num_key_value_heads"] = 1
        $0["head_dim"] = 16
      }
    },
  ]

  static let experts: [BrokenFolder] = [
    number("fewer experts", "mixtral", "num_local_experts", 3, ["expected 4"]),
    number("fewer stacked experts", "gpt_oss", "num_local_experts", 3, ["expected 4"]),
    number("more experts", "qwen2_moe", "num_experts", 5, ["expected 4"]),
    number("too many experts for a token", "olmoe", "num_experts_per_tok", 5, ["from 1 to num_experts 4"]),
    number("groups that do not divide", "deepseek_v3", "n_group", 3, ["divides n_routed_experts 4"]),
    number("too many groups", "deepseek_v3", "topk_group", 2, ["from 1 to n_group 1"]),
    shape(
      "rows of the router", "olmoe", "model.layers.1.mlp.gate.weight", [3, 24], ["num_experts", "[3, 24]"]),
    shape(
      "an expert of another shape", "mixtral", "model.layers.0.block_sparse_moe.experts.2.w1.weight",
      [39, 24], ["39"]),
    without("an expert without a tensor", "mixtral", "model.layers.0.block_sparse_moe.experts.2.w1.weight"),
    number("one expert in a group", "deepseek_v3", "n_group", 4, ["at least 2 experts in a group"]),
    BrokenFolder(
      "more experts for a token than the groups have", "deepseek_v3-groups", .configuration, ["topk_group 1"]
    ) {
      try $0.change { $0["num_experts_per_tok"] = 5 }
    },
    BrokenFolder(
      "the prefix of a training program", "llama", .configuration, ["the prefix 'module.'", "--root"]
    ) {
      try $0.changeTensors { tensors in
        tensors = Dictionary(uniqueKeysWithValues: tensors.map { ("module.\($0.key)", $0.value) })
      }
    },
    BrokenFolder(
      "a width unlike its entry in the list", "gemma3n_text", .configuration, ["entry 3 of intermediate_size"]
    ) {
      try $0.change {
        var widths = $0["intermediate_size"] as? [Int] ?? []
        widths[3] = 39
        $0["intermediate_size"] = widths
      }
    },
    BrokenFolder("an expert missing on disk", "olmoe", .configuration, ["num_experts", "expected 3"]) {
      try $0.changeTensors { tensors in
        for name in tensors.keys where name.contains("layers.1.mlp.experts.3.") { tensors[name] = nil }
      }
    },
  ]

  static func tokenizer(_ vocabulary: String, added: String = "") -> String {
    #"{"model": {"type": "BPE", "vocab": \#(vocabulary)}, "added_tokens": [\#(added)]}"#
  }

  static let vocabularies: [BrokenFolder] = [
    number("vocabulary", "gpt_neox", "vocab_size", 64, ["expected 32"]),
    number("vocabulary of a tower", "clip", "text_config.vocab_size", 31, ["expected 32"]),
    number("positions", "bert", "max_position_embeddings", 512, ["expected 64"]),
    file(
      "a tokenizer with an id too large", .tokenizer, "tokenizer.json", tokenizer(#"{"a": 0, "b": 32}"#),
      ["below 32", "32 for 'b'"]),
    file(
      "a unigram tokenizer with too many tokens", .tokenizer, "tokenizer.json",
      tokenizer("[" + (0...32).map { #"["t\#($0)", 0.5]"# }.joined(separator: ",") + "]"),
      ["found 32 for 't32'"]),
    file(
      "an added token without a row", .tokenizer, as: .warning, "tokenizer.json",
      tokenizer(#"{"a": 0}"#, added: #"{"id": 40, "content": "<x>"}"#), ["found 40 for '<x>'"]),
    file(
      "vocab.json with an id too large", of: "gpt2", .tokenizer, "vocab.json", #"{"a": 0, "b": 99}"#, ["99"]),
    file(
      "added_tokens.json with an id too large", of: "t5", .tokenizer, as: .warning, "added_tokens.json",
      #"{"<x>": 32}"#, ["32"]),
    file(
      "vocab.txt with too many lines", of: "bert", .tokenizer, "vocab.txt",
      (0..<33).map { "t\($0)\n" }.joined(),
      ["found 32"]),
    file(
      "a SentencePiece model with too many pieces", of: "t5", .tokenizer, "spiece.model",
      String(repeating: "\n\u{2}\n\u{0}", count: 33), ["found 32"]),
    BrokenFolder("the tokenizer of an unknown model", "llama", .tokenizer, ["vocab.json", "99"]) {
      try $0.change { $0["model_type"] = "nova" }
      try $0.write(["b": 99], as: "vocab.json")
    },
    BrokenFolder("a padding id without a row", "llama", .tokenizer, ["config.json", "pad_token_id", "32"]) {
      try $0.change { $0["pad_token_id"] = 32 }
    },
    BrokenFolder(
      "an end id without a row", "llama", .tokenizer, as: .note, ["generation_config.json", "eos_token_id"]
    ) {
      try $0.change("generation_config.json") { $0["eos_token_id"] = [1, 32] }
    },
  ]

  static let documents: [BrokenFolder] = [
    file("config.json cut off", .configuration, "config.json", #"{"model_type": "llama""#, ["line 1"]),
    file("config.json with a key twice", .configuration, "config.json", #"{"a": 1, "a": 2}"#, ["'a' again"]),
    file("config.json with a list", .configuration, "config.json", "[]", ["expected an object"]),
    file(
      "config.json nested too deep", .configuration, "config.json", String(repeating: #"{"a":"#, count: 1000),
      ["levels of nesting"]),
    file(
      "config.json that is too large", .unexamined, as: .warning, "config.json",
      String(repeating: " ", count: 5 << 20), ["4,194,304 bytes"]),
    file("malformed generation_config.json", .configuration, "generation_config.json", "{", ["line 1"]),
    file("malformed tokenizer.json", .configuration, "tokenizer.json", #"{"model": tru}"#, ["line 1"]),
    file("malformed adapter_config.json", .configuration, "adapter_config.json", "x", ["line 1"]),
    BrokenFolder("another dtype", "llama", .configuration, as: .note, ["dtype", "expected F32"]) {
      try $0.change { $0["dtype"] = "bfloat16" }
    },
  ]
}
