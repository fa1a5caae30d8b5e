internal import Tensors
internal import UnitModel

/// The tensor names of one way to write a transformer, and how they lie on the axes `heads{}` and `ffn{}`.
///
/// Only what attention and feed-forward layers keep to themselves is cut. The residual stream stays whole, because
/// LayerNorm mixes its channels other than by a weighted sum.
struct TransformerFamily {
  /// The name of the preset.
  let name: String
  /// Whose models are named like this.
  let about: String
  /// Feed-forward tensors, by the ends of their names; the first tells whether a file is of this family.
  let feedForward: [(suffix: String, cut: String)]
  /// Attention tensors. `Q` and `K` stand for the positions a head has among queries and among keys.
  let attention: [(suffix: String, cut: String)]
  /// The tensor and dimension that hold all query channels, `fused` times.
  let query: (suffix: String, dimension: Int, fused: Int)
  /// The tensor whose first dimension holds all key channels, where they may be fewer than the queries.
  let key: String?

  /// Every family, in the order in which they are looked for.
  static let all: [TransformerFamily] = [
    TransformerFamily(
      name: "bert", about: "BERT, MiniLM, RoBERTa",
      feedForward: [
        ("encoder.layer.{}.intermediate.dense.weight", "ffn{},-"),
        ("encoder.layer.{}.intermediate.dense.bias", "ffn{}"),
        ("encoder.layer.{}.output.dense.weight", "-,ffn{}"),
      ],
      attention: ["query", "key", "value"].flatMap { name in
        ["self", "attention"].flatMap { inside in
          [
            ("encoder.layer.{}.attention.\(inside).\(name).weight", "heads{},-"),
            ("encoder.layer.{}.attention.\(inside).\(name).bias", "heads{}"),
          ]
        }
      } + [("encoder.layer.{}.attention.output.dense.weight", "-,heads{}")],
      query: ("encoder.layer.{}.attention.*.query.weight", 0, 1), key: nil),
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
      name: "llama", about: "Llama, Mistral, Qwen, Gemma",
      feedForward: [
        ("layers.{}.mlp.gate_proj.weight", "ffn{},-"), ("layers.{}.mlp.up_proj.weight", "ffn{},-"),
        ("layers.{}.mlp.down_proj.weight", "-,ffn{}"),
      ],
      attention: [
        ("layers.{}.self_attn.q_proj.weight", "heads{}*Q,-"),
        ("layers.{}.self_attn.q_proj.bias", "heads{}*Q"),
        ("layers.{}.self_attn.k_proj.weight", "heads{}*K,-"),
        ("layers.{}.self_attn.k_proj.bias", "heads{}*K"),
        ("layers.{}.self_attn.v_proj.weight", "heads{}*K,-"),
        ("layers.{}.self_attn.v_proj.bias", "heads{}*K"),
        ("layers.{}.self_attn.o_proj.weight", "-,heads{}*Q"),
      ],
      query: ("layers.{}.self_attn.q_proj.weight", 0, 1), key: "layers.{}.self_attn.k_proj.weight"),
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
}
