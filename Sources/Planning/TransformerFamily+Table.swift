/// The table of families.
extension TransformerFamily {
  /// Every family, in the order in which families are tried.
  static let all: [TransformerFamily] = [
    TransformerFamily(
      name: "bert", about: "BERT, MiniLM, RoBERTa",
      marker: "encoder.layer.{}.attention.self.query.weight",
      feedForward: [
        ("encoder.layer.{}.intermediate.dense.weight", "ffn{},-"),
        ("encoder.layer.{}.intermediate.dense.bias", "ffn{}"),
        ("encoder.layer.{}.output.dense.weight", "-,ffn{}"),
      ],
      attention: encoderAttention("self"), query: ("encoder.layer.{}.attention.self.query.weight", 0, 1),
      key: nil),
    TransformerFamily(
      name: "vit-hf", about: "vision transformers of Hugging Face (ViT, DeiT)",
      marker: "encoder.layer.{}.attention.attention.query.weight",
      feedForward: [
        ("encoder.layer.{}.intermediate.dense.weight", "ffn{},-"),
        ("encoder.layer.{}.intermediate.dense.bias", "ffn{}"),
        ("encoder.layer.{}.output.dense.weight", "-,ffn{}"),
      ],
      attention: encoderAttention("attention"),
      query: ("encoder.layer.{}.attention.attention.query.weight", 0, 1), key: nil),
    TransformerFamily(
      name: "vit-torchvision", about: "vision transformers of torchvision",
      feedForward: [
        ("encoder.layers.encoder_layer_{}.mlp.0.weight", "ffn{},-"),
        ("encoder.layers.encoder_layer_{}.mlp.0.bias", "ffn{}"),
        ("encoder.layers.encoder_layer_{}.mlp.3.weight", "-,ffn{}"),
      ],
      attention: [
        ("encoder.layers.encoder_layer_{}.self_attention.in_proj_weight", "3*heads{},-"),
        ("encoder.layers.encoder_layer_{}.self_attention.in_proj_bias", "3*heads{}"),
        ("encoder.layers.encoder_layer_{}.self_attention.out_proj.weight", "-,heads{}"),
      ],
      query: ("encoder.layers.encoder_layer_{}.self_attention.in_proj_weight", 0, 3), key: nil),
    TransformerFamily(
      name: "distilbert", about: "DistilBERT",
      feedForward: [
        ("transformer.layer.{}.ffn.lin1.weight", "ffn{},-"), ("transformer.layer.{}.ffn.lin1.bias", "ffn{}"),
        ("transformer.layer.{}.ffn.lin2.weight", "-,ffn{}"),
      ],
      attention: ["q_lin", "k_lin", "v_lin"].flatMap { name in
        [
          ("transformer.layer.{}.attention.\(name).weight", "heads{},-"),
          ("transformer.layer.{}.attention.\(name).bias", "heads{}"),
        ]
      } + [("transformer.layer.{}.attention.out_lin.weight", "-,heads{}")],
      query: ("transformer.layer.{}.attention.q_lin.weight", 0, 1), key: nil),
    TransformerFamily(
      name: "gpt2", about: "GPT-2, whose weights are stored [in, out]",
      feedForward: [
        ("h.{}.mlp.c_fc.weight", "-,ffn{}"), ("h.{}.mlp.c_fc.bias", "ffn{}"),
        ("h.{}.mlp.c_proj.weight", "ffn{},-"),
      ],
      attention: [
        ("h.{}.attn.c_attn.weight", "-,3*heads{}"), ("h.{}.attn.c_attn.bias", "3*heads{}"),
        ("h.{}.attn.c_proj.weight", "heads{},-"),
      ],
      query: ("h.{}.attn.c_attn.weight", 1, 3), key: nil),
    TransformerFamily(
      name: "mixtral", about: "Mixtral", remark: expertRemark,
      feedForward: [
        ("layers.{}.block_sparse_moe.experts.{}.w1.weight", "ffn{},-"),
        ("layers.{}.block_sparse_moe.experts.{}.w3.weight", "ffn{},-"),
        ("layers.{}.block_sparse_moe.experts.{}.w2.weight", "-,ffn{}"),
      ],
      attention: groupedAttention, query: ("layers.{}.self_attn.q_proj.weight", 0, 1),
      key: "layers.{}.self_attn.k_proj.weight"),
    TransformerFamily(
      name: "qwen-moe", about: "Qwen-MoE, OLMoE, DeepSeek-MoE", remark: expertRemark,
      feedForward: [
        ("layers.{}.mlp.experts.{}.gate_proj.weight", "ffn{},-"),
        ("layers.{}.mlp.experts.{}.up_proj.weight", "ffn{},-"),
        ("layers.{}.mlp.experts.{}.down_proj.weight", "-,ffn{}"),
        ("layers.{}.mlp.shared_expert.gate_proj.weight", "shared{},-"),
        ("layers.{}.mlp.shared_expert.up_proj.weight", "shared{},-"),
        ("layers.{}.mlp.shared_expert.down_proj.weight", "-,shared{}"),
        ("layers.{}.mlp.shared_experts.gate_proj.weight", "shared{},-"),
        ("layers.{}.mlp.shared_experts.up_proj.weight", "shared{},-"),
        ("layers.{}.mlp.shared_experts.down_proj.weight", "-,shared{}"),
        // Some layers of such a model are dense.
        ("layers.{}.mlp.gate_proj.weight", "ffn{},-"), ("layers.{}.mlp.up_proj.weight", "ffn{},-"),
        ("layers.{}.mlp.down_proj.weight", "-,ffn{}"),
      ],
      attention: groupedAttention, query: ("layers.{}.self_attn.q_proj.weight", 0, 1),
      key: "layers.{}.self_attn.k_proj.weight"),
    TransformerFamily(
      name: "llama", about: "Llama, Mistral, Qwen, Gemma",
      feedForward: [
        ("layers.{}.mlp.gate_proj.weight", "ffn{},-"), ("layers.{}.mlp.up_proj.weight", "ffn{},-"),
        ("layers.{}.mlp.down_proj.weight", "-,ffn{}"),
      ],
      attention: groupedAttention, query: ("layers.{}.self_attn.q_proj.weight", 0, 1),
      key: "layers.{}.self_attn.k_proj.weight"),
    TransformerFamily(
      name: "vit", about: "timm's vision transformers",
      feedForward: [
        ("blocks.{}.mlp.fc1.weight", "ffn{},-"), ("blocks.{}.mlp.fc1.bias", "ffn{}"),
        ("blocks.{}.mlp.fc2.weight", "-,ffn{}"),
      ],
      attention: [
        ("blocks.{}.attn.qkv.weight", "3*heads{},-"), ("blocks.{}.attn.qkv.bias", "3*heads{}"),
        ("blocks.{}.attn.proj.weight", "-,heads{}"),
      ],
      query: ("blocks.{}.attn.qkv.weight", 0, 3), key: nil),
    TransformerFamily(
      name: "torch-encoder", about: "torch.nn.TransformerEncoder",
      feedForward: [
        ("layers.{}.linear1.weight", "ffn{},-"), ("layers.{}.linear1.bias", "ffn{}"),
        ("layers.{}.linear2.weight", "-,ffn{}"),
      ],
      attention: [
        ("layers.{}.self_attn.in_proj_weight", "3*heads{},-"),
        ("layers.{}.self_attn.in_proj_bias", "3*heads{}"),
        ("layers.{}.self_attn.out_proj.weight", "-,heads{}"),
      ],
      query: ("layers.{}.self_attn.in_proj_weight", 0, 3), key: nil),
  ]

  /// Attention whose keys and values have fewer heads than its queries.
  private static let groupedAttention: [(suffix: String, cut: String)] = [
    ("layers.{}.self_attn.q_proj.weight", "heads{}*Q,-"),
    ("layers.{}.self_attn.q_proj.bias", "heads{}*Q"),
    ("layers.{}.self_attn.k_proj.weight", "heads{}*K,-"),
    ("layers.{}.self_attn.k_proj.bias", "heads{}*K"),
    ("layers.{}.self_attn.v_proj.weight", "heads{}*K,-"),
    ("layers.{}.self_attn.v_proj.bias", "heads{}*K"),
    ("layers.{}.self_attn.o_proj.weight", "-,heads{}*Q"),
  ]

  /// Attention with BERT's names; its projections are in the module `inside`.
  private static func encoderAttention(_ inside: String) -> [(suffix: String, cut: String)] {
    ["query", "key", "value"].flatMap { name in
      [
        ("encoder.layer.{}.attention.\(inside).\(name).weight", "heads{},-"),
        ("encoder.layer.{}.attention.\(inside).\(name).bias", "heads{}"),
      ]
    } + [("encoder.layer.{}.attention.output.dense.weight", "-,heads{}")]
  }

  /// If experts were removed, the router would need fewer rows and the experts new numbers, which no loader supports.
  private static let expertRemark =
    "every expert is kept and loses channels inside; the router and the number of experts are whole "
    + "(for experts as units, see --family)"
}
