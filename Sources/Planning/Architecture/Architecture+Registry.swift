internal import UnitModel

extension Architecture {
  /// The documents that come with the program, in the order in which they are tried: an architecture whose marker
  /// another one also has comes first. A test compares them with the folder.
  private static let documents: [[UInt8]] = [
    PackageResources.dinov2_json, PackageResources.bert_json, PackageResources.vit_hf_json,
    PackageResources.vit_torchvision_json, PackageResources.distilbert_json, PackageResources.gpt2_json,
    PackageResources.gpt_neox_json, PackageResources.modernbert_json, PackageResources.clip_json,
    PackageResources.whisper_json, PackageResources.t5_json, PackageResources.mixtral_json,
    PackageResources.granitemoe_json, PackageResources.gpt_oss_json, PackageResources.deepseek_v3_json,
    PackageResources.qwen_moe_json, PackageResources.olmoe_json, PackageResources.phi3_json,
    PackageResources.phi_json, PackageResources.gemma3n_json, PackageResources.llama_json,
    PackageResources.vit_json,
    PackageResources.torch_encoder_json,
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
