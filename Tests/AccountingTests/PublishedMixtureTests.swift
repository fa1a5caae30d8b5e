import Tensors
import Testing
import UnitModel

@testable import Accounting

/// Mixtures of experts with the shapes and parameter counts of published models.
@Suite("Published mixtures of experts")
struct PublishedMixtureTests {
  struct Mixture: CustomTestStringConvertible, Sendable {
    let name: String
    let experts: Int
    let topK: Int
    /// Billions, as published: all parameters, and those active for a token, with or without embeddings.
    let total: Double
    let active: Double
    var policy = PolicyPreset.activeHF
    /// Half a unit of the last published digit.
    var digit = 0.05
    let vocabulary: Int
    let width: Int
    let layers: Int
    var isTied = false
    /// Layers before the first with experts, and their width.
    var dense = (layers: 0, width: 0)
    /// Tensors of every layer, and of each layer with experts; `#` is an expert's number.
    let attention: [(String, [Int])]
    let mixture: [(String, [Int])]

    var testDescription: String { name }
  }

  private static func gated(_ prefix: String, _ names: [String], _ width: Int, _ inner: Int) -> [(
    String, [Int]
  )] {
    [
      ("\(prefix)\(names[0]).weight", [inner, width]), ("\(prefix)\(names[1]).weight", [inner, width]),
      ("\(prefix)\(names[2]).weight", [width, inner]),
    ]
  }

  private static let projections = ["gate_proj", "up_proj", "down_proj"]

  private static func attention(_ width: Int, _ query: Int, _ key: Int, hasBias: Bool = false) -> [(
    String, [Int]
  )] {
    let matrices = [
      ("self_attn.q_proj", [query, width]), ("self_attn.k_proj", [key, width]),
      ("self_attn.v_proj", [key, width]), ("self_attn.o_proj", [width, query]),
    ]
    return matrices.map { ("\($0.0).weight", $0.1) }
      + (hasBias ? matrices.map { ("\($0.0).bias", [$0.1[0]]) } : [])
      + [("input_layernorm.weight", [width]), ("post_attention_layernorm.weight", [width])]
  }

  static let mixtures: [Mixture] = [
    Mixture(
      name: "Mixtral-8x7B", experts: 8, topK: 2, total: 46.7, active: 12.9, vocabulary: 32000, width: 4096,
      layers: 32, attention: attention(4096, 4096, 1024),
      mixture: [("block_sparse_moe.gate.weight", [8, 4096])]
        + gated("block_sparse_moe.experts.#.", ["w1", "w3", "w2"], 4096, 14336)),
    Mixture(
      name: "Mixtral-8x7B, rows of all experts in one matrix", experts: 8, topK: 2, total: 46.7, active: 12.9,
      vocabulary: 32000, width: 4096, layers: 32, attention: attention(4096, 4096, 1024),
      mixture: [("block_sparse_moe.gate.weight", [8, 4096])]
        + ["w1", "w2", "w3"].map { ("block_sparse_moe.\($0)", [8 * 14336, 4096]) }),
    Mixture(
      name: "Phi-3.5-MoE", experts: 16, topK: 2, total: 41.9, active: 6.6, vocabulary: 32064, width: 4096,
      layers: 32, attention: attention(4096, 4096, 1024, hasBias: true),
      mixture: [("block_sparse_moe.gate.weight", [16, 4096])]
        + gated("block_sparse_moe.experts.#.", ["w1", "w3", "w2"], 4096, 6400)),
    Mixture(
      name: "OLMoE-1B-7B", experts: 64, topK: 8, total: 6.9, active: 1.3, vocabulary: 50304, width: 2048,
      layers: 16, attention: attention(2048, 2048, 2048),
      mixture: [("mlp.gate.weight", [64, 2048])] + gated("mlp.experts.#.", projections, 2048, 1024)),
    Mixture(
      name: "Qwen3-30B-A3B", experts: 128, topK: 8, total: 30.5, active: 3.3, digit: 0.06,
      vocabulary: 151936,
      width: 2048, layers: 48, attention: attention(2048, 4096, 512),
      mixture: [("mlp.gate.weight", [128, 2048])] + gated("mlp.experts.#.", projections, 2048, 768)),
    Mixture(
      name: "Qwen3-30B-A3B of MLX", experts: 128, topK: 8, total: 30.5, active: 3.3, digit: 0.06,
      vocabulary: 151936, width: 2048, layers: 48, attention: attention(2048, 4096, 512),
      mixture: [
        ("mlp.gate.weight", [128, 2048]), ("mlp.switch_mlp.gate_proj.weight", [128, 768, 2048]),
        ("mlp.switch_mlp.up_proj.weight", [128, 768, 2048]),
        ("mlp.switch_mlp.down_proj.weight", [128, 2048, 768]),
      ]),
    Mixture(
      name: "Granite-3.0-1b-a400m", experts: 32, topK: 8, total: 1.33, active: 0.4, vocabulary: 49155,
      width: 1024, layers: 24, isTied: true, attention: attention(1024, 1024, 512),
      mixture: [
        ("block_sparse_moe.router.layer.weight", [32, 1024]),
        ("block_sparse_moe.input_linear.weight", [32, 1024, 1024]),
        ("block_sparse_moe.output_linear.weight", [32, 1024, 512]),
      ]),
    Mixture(
      // 2.2 is published, rounded down from 2.27.
      name: "JetMoE-8B", experts: 8, topK: 2, total: 8.5, active: 2.25, policy: .activeNoEmbeddings,
      vocabulary: 32000, width: 2048, layers: 24, isTied: true,
      attention: [("input_layernorm.weight", [2048]), ("post_attention_layernorm.weight", [2048])],
      mixture: [
        ("self_attention.kv_proj.weight", [4096, 2048]), ("self_attention.experts.bias", [2048]),
        ("self_attention.experts.input_linear.weight", [8, 2048, 2048]),
        ("self_attention.experts.output_linear.weight", [8, 2048, 2048]),
        ("self_attention.experts.router.layer.weight", [8, 2048]), ("mlp.bias", [2048]),
        ("mlp.input_linear.weight", [8, 11264, 2048]), ("mlp.output_linear.weight", [8, 2048, 5632]),
        ("mlp.router.layer.weight", [8, 2048]),
      ]),
    Mixture(
      name: "gpt-oss-20b", experts: 32, topK: 4, total: 20.9, active: 3.6, policy: .activeNoEmbeddings,
      vocabulary: 201088, width: 2880, layers: 24,
      attention: attention(2880, 4096, 512, hasBias: true) + [("self_attn.sinks", [64])],
      mixture: [
        ("mlp.router.weight", [32, 2880]), ("mlp.router.bias", [32]),
        ("mlp.experts.gate_up_proj_blocks", [32, 5760, 90, 16]),
        ("mlp.experts.gate_up_proj_scales", [32, 5760, 90]),
        ("mlp.experts.gate_up_proj_bias", [32, 5760]),
        ("mlp.experts.down_proj_blocks", [32, 2880, 90, 16]),
        ("mlp.experts.down_proj_scales", [32, 2880, 90]), ("mlp.experts.down_proj_bias", [32, 2880]),
      ]),
    Mixture(
      name: "gpt-oss-20b as first published", experts: 32, topK: 4, total: 20.9, active: 3.6,
      policy: .activeNoEmbeddings, vocabulary: 201088, width: 2880, layers: 24,
      attention: [("attn.qkv.weight", [5120, 2880]), ("attn.out.weight", [2880, 4096])],
      mixture: [
        ("mlp.gate.weight", [32, 2880]), ("mlp.gate.bias", [32]),
        ("mlp.mlp1_weight.blocks", [32, 5760, 90, 16]), ("mlp.mlp1_weight.scales", [32, 5760, 90]),
        ("mlp.mlp1_bias", [32, 5760]), ("mlp.mlp2_weight.blocks", [32, 2880, 90, 16]),
        ("mlp.mlp2_weight.scales", [32, 2880, 90]), ("mlp.mlp2_bias", [32, 2880]),
      ]),
    Mixture(
      name: "DBRX", experts: 16, topK: 4, total: 132, active: 36, digit: 0.6, vocabulary: 100352, width: 6144,
      layers: 40,
      attention: [
        ("norm_attn_norm.attn.Wqkv.weight", [8192, 6144]),
        ("norm_attn_norm.attn.out_proj.weight", [6144, 6144]),
      ],
      mixture: [("ffn.router.layer.weight", [16, 6144])]
        + ["w1", "v1", "w2"].map { ("ffn.experts.mlp.\($0)", [16 * 10752, 6144]) }),
    Mixture(
      name: "Llama-4-Scout without images", experts: 16, topK: 1, total: 107.8, active: 17.2,
      vocabulary: 202048,
      width: 5120, layers: 48, attention: attention(5120, 5120, 1024),
      mixture: [
        ("feed_forward.router.weight", [16, 5120]),
        ("feed_forward.experts.gate_up_proj", [16, 5120, 16384]),
        ("feed_forward.experts.down_proj", [16, 8192, 5120]),
      ] + gated("feed_forward.shared_expert.", projections, 5120, 8192)),
    Mixture(
      name: "DeepSeek-V3 without the layer that predicts a second token", experts: 256, topK: 8, total: 671,
      active: 37, digit: 0.6, vocabulary: 129280, width: 7168, layers: 61, dense: (3, 18432),
      attention: [
        ("self_attn.q_a_proj.weight", [1536, 7168]), ("self_attn.q_a_layernorm.weight", [1536]),
        ("self_attn.q_b_proj.weight", [24576, 1536]),
        ("self_attn.kv_a_proj_with_mqa.weight", [576, 7168]),
        ("self_attn.kv_a_layernorm.weight", [512]), ("self_attn.kv_b_proj.weight", [32768, 512]),
        ("self_attn.o_proj.weight", [7168, 16384]), ("input_layernorm.weight", [7168]),
      ],
      mixture: [("mlp.gate.weight", [256, 7168]), ("mlp.gate.e_score_correction_bias", [256])]
        + gated("mlp.experts.#.", projections, 7168, 2048)
        + gated("mlp.shared_experts.", projections, 7168, 2048)),
  ]

  private static func specs(_ mixture: Mixture) throws -> [TensorSpec] {
    var specs: [TensorSpec] = []
    func add(_ name: String, _ shape: [Int]) throws {
      let isBlock = name.hasSuffix("blocks") || name.hasSuffix("scales")
      specs.append(try TensorSpec(name: TensorName(name), dtype: isBlock ? .u8 : .bf16, shape: shape))
    }
    let table = [mixture.vocabulary, mixture.width]
    try add("model.embed_tokens.weight", table)
    for layer in 0..<mixture.layers {
      let prefix = "model.layers.\(layer)."
      for (name, shape) in mixture.attention { try add(prefix + name, shape) }
      if layer < mixture.dense.layers {
        for (name, shape) in gated("mlp.", projections, mixture.width, mixture.dense.width) {
          try add(prefix + name, shape)
        }
        continue
      }
      for (name, shape) in mixture.mixture {
        guard name.contains("#") else {
          try add(prefix + name, shape)
          continue
        }
        for expert in 0..<mixture.experts {
          try add(prefix + name.replacing("#", with: "\(expert)"), shape)
        }
      }
    }
    try add("model.norm.weight", [mixture.width])
    if !mixture.isTied { try add("lm_head.weight", table) }
    return specs
  }

  @Test("have the active parameters that were published with them", arguments: mixtures)
  func published(mixture: Mixture) throws {
    let specs = try Self.specs(mixture)
    for declared: Set<Int> in [[], [mixture.experts]] {
      var inventory = Inventory(flat: specs)
      inventory.expertsPerToken = mixture.topK
      inventory.declaredExperts = declared
      func billions(_ preset: PolicyPreset) throws -> Double {
        let counts = try inventory.counts(under: PolicyPreset.policy(named: preset.rawValue))
        return Double(counts.stored.parameters.value) / 1e9
      }
      let (total, active) = (try billions(.pytorchParameters), try billions(mixture.policy))
      #expect(abs(total - mixture.total) <= mixture.digit, "\(total) of \(mixture.total)")
      #expect(abs(active - mixture.active) <= mixture.digit, "\(active) of \(mixture.active)")
      // A number of experts other than the file's is refused.
      inventory.declaredExperts = [mixture.experts + 1]
      #expect(throws: AccountingError.self) { try billions(mixture.policy) }
    }
    #expect(Self.mixtures.count == 13)
  }
}
