import TestSupport
import Testing
import Validation

extension BrokenFolder {
  private static func adapter(
    _ copy: ModelFolderCopy, _ shapes: [String: [Int]], rank: Int = 4, _ others: [String: Any] = [:]
  ) throws {
    let document: [String: Any] = ["peft_type": "LORA", "r": rank]
    try copy.write(document.merging(others) { $1 }, as: "adapter_config.json")
    try copy.write(tensors: shapes.mapValues { .init(shape: $0) }, as: "adapter_model.safetensors")
  }

  /// The two matrices of a module with 24 inputs and outputs.
  private static func pair(_ module: String, ranks: (Int, Int) = (4, 4)) -> [String: [Int]] {
    [
      "base_model.model.\(module).lora_A.weight": [ranks.0, 24],
      "base_model.model.\(module).lora_B.weight": [24, ranks.1],
    ]
  }

  private static func modules(_ copy: ModelFolderCopy, pooling: Int = 24, inputs: Int = 24) throws {
    let names = ["Transformer": "", "Pooling": "1_Pooling", "Dense": "2_Dense", "Normalize": "3_Normalize"]
    try copy.write(
      ["Transformer", "Pooling", "Dense", "Normalize"].map {
        ["name": $0, "path": names[$0] ?? "", "type": "sentence_transformers.models.\($0)"]
      }, as: "modules.json")
    try copy.write(
      ["word_embedding_dimension": pooling, "pooling_mode_mean_tokens": true] as [String: Any],
      as: "1_Pooling/config.json")
    try copy.write(["in_features": inputs, "out_features": 16], as: "2_Dense/config.json")
    try copy.write(tensors: ["linear.weight": .init(shape: [16, 24])], as: "2_Dense/model.safetensors")
  }

  static let parts: [BrokenFolder] = [
    BrokenFolder(
      "rank unlike lora_A", "llama", .parts,
      ["adapter_config.json", "r", "expected 8", "'model.layers.0.self_attn.q_proj'"]
    ) {
      try adapter($0, pair("model.layers.0.self_attn.q_proj", ranks: (8, 4)))
    },
    BrokenFolder(
      "rank unlike lora_B", "llama", .parts, ["expected 8, the rank", "'model.layers.0.self_attn.q_proj'"]
    ) {
      try adapter($0, pair("model.layers.0.self_attn.q_proj", ranks: (4, 8)))
    },
    BrokenFolder("a rank that no pattern has", "llama", .parts, ["expected 3", "entry of rank_pattern"]) {
      try adapter(
        $0, pair("model.layers.0.self_attn.q_proj", ranks: (3, 3)),
        ["rank_pattern": ["layers.1.self_attn.q_proj": 2]])
    },
    BrokenFolder(
      "half of a pair", "llama", .parts,
      ["lora_A and lora_B", "'model.layers.0.self_attn.q_proj'", "no lora_B"]
    ) {
      try adapter($0, ["base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": [4, 24]])
    },
    BrokenFolder(
      "an adapter's names that PEFT ignores", "llama", .parts, ["'base_model.model.'", "and 1 more"]
    ) {
      try adapter($0, ["layers.0.q_proj.lora_A.weight": [4, 24], "layers.0.q_proj.lora_B.weight": [24, 4]])
    },
    BrokenFolder(
      "a module that is no target", "llama", .parts,
      ["target_modules", "'model.layers.0.self_attn.q_proj'", "no entry"]
    ) {
      try adapter($0, pair("model.layers.0.self_attn.q_proj"), ["target_modules": ["k_proj", "roj"]])
    },
    BrokenFolder("a target without tensors", "llama", .parts, as: .note, ["target_modules", "'k_proj'"]) {
      try adapter($0, pair("model.layers.0.self_attn.q_proj"), ["target_modules": ["k_proj", "q_proj"]])
    },
    BrokenFolder(
      "an adapter for another base", "llama", .parts, ["'language.layers.0.self_attn.q_proj'", "in the base"]
    ) {
      try adapter($0, pair("language.layers.0.self_attn.q_proj"))
    },
    BrokenFolder("an adapter for a wider base", "llama", .parts, ["of shape [24, 24]", "32 outputs"]) {
      try adapter(
        $0,
        [
          "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": [4, 24],
          "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight": [32, 4],
        ])
    },
    BrokenFolder(
      "an embedding of another size in an adapter", "llama", .parts, ["shape [32, 24]", "[40, 24]"]
    ) {
      try adapter(
        $0,
        pair("model.layers.0.self_attn.q_proj").merging([
          "base_model.model.model.embed_tokens.weight": [40, 24]
        ]) { $1 })
    },
    BrokenFolder(
      "a module to save without tensors", "llama", .parts, ["modules_to_save", "'lm_head'", "none"]
    ) {
      try adapter($0, pair("model.layers.0.self_attn.q_proj"), ["modules_to_save": ["lm_head"]])
    },
    BrokenFolder("an adapter without a rank", "llama", .parts, ["r", "a whole number", "none"]) {
      try adapter($0, pair("model.layers.0.self_attn.q_proj"), ["r": "four"])
    },
    file(
      "an adapter without weights", .parts, "adapter_config.json", #"{"peft_type": "LORA", "r": 4}"#,
      ["adapter_model.safetensors"]),
    BrokenFolder("a module without a folder", "bert", .parts, ["modules.json", "'4_Dense'"]) {
      try modules($0)
      try $0.write([["path": "4_Dense", "type": "sentence_transformers.models.Dense"]], as: "modules.json")
    },
    BrokenFolder(
      "a pooling of another width", "bert", .parts,
      ["1_Pooling/config.json", "word_embedding_dimension", "expected 24"]
    ) {
      try modules($0, pooling: 32)
    },
    BrokenFolder(
      "a dense layer of another width", "bert", .parts, ["2_Dense/config.json", "in_features", "expected 24"]
    ) {
      try modules($0, inputs: 32)
    },
    BrokenFolder("a malformed configuration of a module", "bert", .configuration, ["1_Pooling/config.json"]) {
      try modules($0)
      _ = try $0.folder.write(Array("{".utf8), as: "1_Pooling/config.json")
    },
    file("modules.json without a list", of: "bert", .parts, "modules.json", "{}", ["expected a list"]),
    file(
      "a component without a folder", .parts, "model_index.json",
      #"{"_class_name": "P", "vae": ["diffusers", "V"], "none": [null, null]}"#, ["vae"]),
  ]

  /// Folders that must have nothing worse than notes.
  static let sound: [(label: String, model: String, make: @Sendable (ModelFolderCopy) throws -> Void)] = [
    ("shards", "llama", { try $0.split() }),
    (
      "an adapter", "llama",
      { copy in
        try adapter(
          copy,
          pair("model.layers.0.self_attn.q_proj").merging(
            ["base_model.model.model.layers.0.self_attn.q_proj.bias": [3]]
          ) { $1 }, ["target_modules": ["q_proj"]])
      }
    ),
    (
      "an adapter of stacked experts, and names as in memory", "llama",
      { copy in
        try adapter(
          copy,
          [
            "base_model.model.model.layers.0.mlp.experts.lora_A.weight": [16, 24],
            "base_model.model.model.layers.0.mlp.experts.lora_B.weight": [24, 16],
            "base_model.model.model.layers.0.self_attn.q_proj.lora_A.default.weight": [4, 24],
            "base_model.model.model.layers.0.self_attn.q_proj.lora_B.default.weight": [24, 4],
            "base_model.model.lm_head.weight": [32, 24],
          ],
          [
            "target_modules": ["q_proj"], "target_parameters": ["mlp.experts.gate_up_proj"],
            "modules_to_save": ["lm_head"],
          ])
      }
    ),
    (
      "layers that predict further tokens", "qwen3_moe",
      {
        try $0.changeTensors { tensors in
          tensors["mtp.layers.0.mlp.experts.0.gate_proj.weight"] = .init(shape: [7, 24])
          tensors["mtp.fc.weight"] = .init(shape: [24, 48])
        }
      }
    ),
    ("modules", "bert", { try modules($0) }),
    (
      "labels", "bert",
      {
        try $0.change {
          $0["architectures"] = ["BertForSequenceClassification"]
          $0["id2label"] = ["0": "a", "1": "b", "2": "c"]
        }
        try $0.changeTensors { $0["classifier.weight"] = .init(shape: [3, 24]) }
      }
    ),
    (
      "the older names of norms", "bert",
      {
        try $0.changeTensors { tensors in
          tensors = Dictionary(
            uniqueKeysWithValues: tensors.map {
              (
                $0.key.replacing("LayerNorm.weight", with: "LayerNorm.gamma")
                  .replacing("LayerNorm.bias", with: "LayerNorm.beta"), $0.value
              )
            })
        }
      }
    ),
    (
      "an unknown model_type", "llama",
      {
        try $0.change {
          $0["model_type"] = "nova"; $0["hidden_size"] = 7
        }
      }
    ),
    (
      "no model_type", "llama",
      {
        try $0.change {
          $0["model_type"] = nil; $0["architectures"] = nil
        }
      }
    ),
    (
      "quantised", "llama",
      {
        try $0.change {
          $0["quantization_config"] = ["bits": 4]; $0["hidden_size"] = 7
        }
      }
    ),
    (
      "a smaller tokenizer", "llama",
      { _ = try $0.folder.write(Array(tokenizer(#"{"a": 31}"#).utf8), as: "tokenizer.json") }
    ),
    ("no head_dim", "llama", { try $0.change { $0["head_dim"] = nil } }),
    ("no FFN width", "gpt2", { try $0.change { $0["n_inner"] = nil } }),
    (
      "an infinite number", "llama",
      { copy in
        let text = try String(
          decoding: TemporaryFolder.bytes(of: copy.folder.file("config.json")), as: UTF8.self)
        _ = try copy.folder.write(
          Array(text.replacing("{", with: #"{"limit": Infinity,"#, maxReplacements: 1).utf8),
          as: "config.json")
      }
    ),
    (
      "layers that predict several tokens", "deepseek_v3",
      { copy in
        try copy.changeTensors { tensors in
          for (name, tensor) in tensors where name.hasPrefix("model.layers.1.") {
            tensors[name.replacing("layers.1.", with: "layers.2.")] = tensor
          }
          tensors["model.layers.2.eh_proj.weight"] = .init(shape: [24, 48])
        }
      }
    ),
    (
      "frequencies in one layer", "llama",
      { try $0.changeTensors { $0["model.layers.0.self_attn.rotary_emb.inv_freq"] = .init(shape: [3]) } }
    ),
    (
      "a prefix", "bert",
      {
        try $0.changeTensors { tensors in
          tensors = .init(uniqueKeysWithValues: tensors.map { ("bert.\($0.key)", $0.value) })
        }
      }
    ),
    (
      "a part for text", "llama",
      { copy in
        try copy.change { document in document = ["model_type": "llava", "text_config": document] }
        try copy.changeTensors { tensors in
          tensors = .init(uniqueKeysWithValues: tensors.map { ("language_model.\($0.key)", $0.value) })
        }
      }
    ),
    (
      "numbers that are no layers", "llama",
      {
        try $0.changeTensors { tensors in
          for number in ["-1", "x", "99999999999999999999"] {
            tensors["model.layers.\(number).mlp.act.weight"] = .init(shape: [1])
          }
        }
      }
    ),
    (
      "weights under another name", "llama",
      {
        try $0.write(tensors: $0.tensors(), as: "other.safetensors")
        try $0.remove("model.safetensors")
      }
    ),
    (
      "no config.json", "llama",
      {
        try $0.write([String: Any](), as: "tokenizer.json")
        try $0.remove("config.json")
      }
    ),
    (
      "only an encoder", "t5",
      { try $0.changeTensors { tensors in tensors = tensors.filter { !$0.key.hasPrefix("decoder.") } } }
    ),
    // Without grouped keys, head_dim or a norm over each head, no shape shows the number of heads.
    ("half the heads of BERT", "bert", { try $0.change { $0["num_attention_heads"] = 2 } }),
  ]
}
