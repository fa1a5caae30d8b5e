internal import ByteFiles
internal import UnitModel

extension Architecture {
  /// A document that comes with the program. It is parsed when its architecture is needed, because most commands need
  /// one of them or none.
  private final class Document: Sendable {
    let id: String
    private let bytes: [UInt8]
    private let parsed = Once<Architecture?>()

    init(_ id: String, _ bytes: [UInt8]) {
      self.id = id
      self.bytes = bytes
    }

    /// The architecture; a test parses each document.
    var architecture: Architecture? {
      parsed.value { do throws(PlanError) { return try Architecture(parsing: bytes) } catch { return nil } }
    }

    func isNamed(_ id: String) -> Bool { self.id == id }

    /// Whether this `model_type` is one of the architecture. Only a text that has it between quotes is parsed.
    func isOf(_ type: String) -> Bool {
      let quoted = Array("\"\(type)\"".utf8)
      return bytes.indices.contains { bytes[$0] == quoted[0] && bytes[$0...].starts(with: quoted) }
        && architecture?.modelTypes.contains(type) ?? false
    }
  }

  /// The documents in the order in which they are tried: an architecture whose marker another one also has comes first.
  /// A test compares them with the folder.
  private static let documents: [Document] = [
    Document("dinov2", PackageResources.dinov2_json),
    Document("beit", PackageResources.beit_json),
    Document("bert", PackageResources.bert_json),
    Document("deberta-v2", PackageResources.deberta_v2_json),
    Document("mpnet", PackageResources.mpnet_json),
    Document("albert", PackageResources.albert_json),
    Document("nomic_bert", PackageResources.nomic_bert_json),
    Document("vit-hf", PackageResources.vit_hf_json),
    Document("ijepa", PackageResources.ijepa_json),
    Document("vit_mae", PackageResources.vit_mae_json),
    Document("dinov3_vit", PackageResources.dinov3_vit_json),
    Document("vit-torchvision", PackageResources.vit_torchvision_json),
    Document("distilbert", PackageResources.distilbert_json),
    Document("gpt2", PackageResources.gpt2_json),
    Document("gpt_bigcode", PackageResources.gpt_bigcode_json),
    Document("codegen", PackageResources.codegen_json),
    Document("gptj", PackageResources.gptj_json),
    Document("gpt_neo", PackageResources.gpt_neo_json),
    Document("bloom", PackageResources.bloom_json),
    Document("falcon", PackageResources.falcon_json),
    Document("mpt", PackageResources.mpt_json),
    Document("gpt_neox", PackageResources.gpt_neox_json),
    Document("modernbert", PackageResources.modernbert_json),
    Document("clip", PackageResources.clip_json),
    Document("clip-tower", PackageResources.clip_tower_json),
    Document("wav2vec2", PackageResources.wav2vec2_json),
    Document("whisper", PackageResources.whisper_json),
    Document("marian", PackageResources.marian_json),
    Document("t5", PackageResources.t5_json),
    Document("longt5", PackageResources.longt5_json),
    Document("mixtral", PackageResources.mixtral_json),
    Document("minimax", PackageResources.minimax_json),
    Document("granitemoe", PackageResources.granitemoe_json),
    Document("gpt_oss", PackageResources.gpt_oss_json),
    Document("deepseek_v3", PackageResources.deepseek_v3_json),
    Document("ernie4_5_moe", PackageResources.ernie4_5_moe_json),
    Document("qwen3_next", PackageResources.qwen3_next_json),
    Document("qwen-moe", PackageResources.qwen_moe_json),
    Document("olmoe", PackageResources.olmoe_json),
    Document("phi3", PackageResources.phi3_json),
    Document("glm", PackageResources.glm_json),
    Document("persimmon", PackageResources.persimmon_json),
    Document("phi", PackageResources.phi_json),
    Document("gemma3n", PackageResources.gemma3n_json),
    Document("llama", PackageResources.llama_json),
    Document("gguf", PackageResources.gguf_json),
    Document("cohere", PackageResources.cohere_json),
    Document("smollm3", PackageResources.smollm3_json),
    Document("olmo", PackageResources.olmo_json),
    Document("qwen3_vl", PackageResources.qwen3_vl_json),
    Document("stablelm", PackageResources.stablelm_json),
    Document("starcoder2", PackageResources.starcoder2_json),
    Document("nemotron", PackageResources.nemotron_json),
    Document("opt", PackageResources.opt_json),
    Document("biogpt", PackageResources.biogpt_json),
    Document("xglm", PackageResources.xglm_json),
    Document("vit", PackageResources.vit_json),
    Document("torch-encoder", PackageResources.torch_encoder_json),
    Document("keras-resnet", PackageResources.keras_resnet_json),
    Document("keras-mobilenet-v2", PackageResources.keras_mobilenet_v2_json),
    Document("keras-mobilenet-v3", PackageResources.keras_mobilenet_v3_json),
  ]

  /// The names of all architectures, in the order of `all`.
  static var names: [String] { documents.map(\.id) }

  /// The architectures to try, each parsed when it is reached: the one with this name, or the one with this
  /// `model_type` and then all.
  static func candidates(named id: String? = nil, type: String? = nil) -> some Sequence<Architecture> {
    let first = documents.filter { id.map($0.isNamed) ?? type.map($0.isOf) ?? false }
    return (id == nil ? first + documents : first).lazy.compactMap(\.architecture)
  }

  /// The architecture with this `model_type`.
  static func of(type: String) -> Architecture? { documents.first { $0.isOf(type) }?.architecture }
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
  public static let names = ["transformer"] + Architecture.names.sorted() + ["resnet"]
}
