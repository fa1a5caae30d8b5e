internal import UnitModel

extension Architecture {
  /// The documents that come with the program, in the order in which they are tried: an architecture whose marker
  /// another one also has comes first. A test compares them with the folder.
  private static let documents: [[UInt8]] = [
    PackageResources.dinov2_json, PackageResources.beit_json, PackageResources.bert_json,
    PackageResources.deberta_v2_json, PackageResources.mpnet_json, PackageResources.albert_json,
    PackageResources.nomic_bert_json, PackageResources.vit_hf_json, PackageResources.ijepa_json,
    PackageResources.vit_mae_json, PackageResources.dinov3_vit_json, PackageResources.vit_torchvision_json,
    PackageResources.distilbert_json, PackageResources.gpt2_json, PackageResources.gpt_bigcode_json,
    PackageResources.codegen_json, PackageResources.gptj_json, PackageResources.gpt_neo_json,
    PackageResources.bloom_json, PackageResources.falcon_json, PackageResources.mpt_json,
    PackageResources.gpt_neox_json, PackageResources.modernbert_json, PackageResources.clip_json,
    PackageResources.clip_tower_json, PackageResources.wav2vec2_json, PackageResources.whisper_json,
    PackageResources.marian_json, PackageResources.t5_json, PackageResources.longt5_json,
    PackageResources.mixtral_json, PackageResources.minimax_json, PackageResources.granitemoe_json,
    PackageResources.gpt_oss_json, PackageResources.deepseek_v3_json, PackageResources.ernie4_5_moe_json,
    PackageResources.qwen3_next_json, PackageResources.qwen_moe_json, PackageResources.olmoe_json,
    PackageResources.phi3_json, PackageResources.glm_json, PackageResources.persimmon_json,
    PackageResources.phi_json, PackageResources.gemma3n_json, PackageResources.llama_json,
    PackageResources.cohere_json, PackageResources.smollm3_json, PackageResources.olmo_json,
    PackageResources.qwen3_vl_json, PackageResources.stablelm_json, PackageResources.starcoder2_json,
    PackageResources.nemotron_json, PackageResources.opt_json, PackageResources.biogpt_json,
    PackageResources.xglm_json, PackageResources.vit_json, PackageResources.torch_encoder_json,
    PackageResources.keras_resnet_json, PackageResources.keras_mobilenet_v2_json,
    PackageResources.keras_mobilenet_v3_json,
  ]

  /// The architectures of the documents; a test parses each of them.
  static let all: [Architecture] = documents.compactMap { document in
    do throws(PlanError) { return try Architecture(parsing: document) } catch { return nil }
  }
}

extension Architecture {
  /// The architecture with this `model_type`.
  static func of(type: String) -> Architecture? { all.first { $0.modelTypes.contains(type) } }
}

/// An architecture whose tensor names the planner knows.
public struct Preset: Hashable, Sendable {
  /// The name of the architecture, `resnet` for residual networks with torchvision's names, or `transformer` for any
  /// other architecture.
  public let name: String

  /// Returns nil for an unknown name.
  public init?(named name: String) {
    guard Preset.names.contains(where: { $0.utf8.elementsEqual(name.utf8) }) else { return nil }
    self.name = name
  }

  private init(known name: String) { self.name = name }

  /// Any architecture but residual networks.
  static let transformer = Preset(known: "transformer")
  /// Residual networks with torchvision's names: `layer1.0.conv1.weight`.
  static let resnet = Preset(known: "resnet")

  /// Every name.
  public static let names = ["transformer"] + Architecture.all.map(\.id).sorted() + ["resnet"]
}
