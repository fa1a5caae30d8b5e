import StrictJSON
import Tensors
import Testing

@testable import Planning

@Suite("Changes of config.json")
struct ConfigurationChangeTests {
  /// Two layers with llama's names: 6 query heads and 3 key heads of width 4, and 20 feed-forward channels.
  private func llama(heads: Int = 6, keys: Int = 3, ffn: Int = 20, secondFFN: Int? = nil) throws
    -> [TensorSpec]
  {
    try specs(
      (0..<2).flatMap { layer -> [(String, [Int])] in
        let place = "model.layers.\(layer)."
        let width = layer == 1 ? secondFFN ?? ffn : ffn
        return [
          (place + "self_attn.q_proj.weight", [heads * 4, 24]),
          (place + "self_attn.k_proj.weight", [keys * 4, 24]),
          (place + "self_attn.v_proj.weight", [keys * 4, 24]),
          (place + "self_attn.o_proj.weight", [24, heads * 4]),
          (place + "mlp.gate_proj.weight", [width, 24]), (place + "mlp.up_proj.weight", [width, 24]),
          (place + "mlp.down_proj.weight", [24, width]), (place + "input_layernorm.weight", [24]),
        ]
      } + [("lm_head.weight", [32, 24])])
  }

  private func sizes(_ type: String = "qwen2", _ others: [String: Int] = ["head_dim": 4]) -> ModelSizes {
    ModelSizes(
      modelType: type,
      values: [
        "num_attention_heads": 6, "num_key_value_heads": 3, "intermediate_size": 20, "hidden_size": 24,
      ]
      .merging(others) { $1 })
  }

  private func changes(
    _ part: [TensorSpec], _ sizes: ModelSizes
  ) throws -> [String] {
    try ModelChange(from: llama(), to: part, cuts: [:], isActive: { _ in true }, sizes: sizes).keys.map {
      "\($0.key) \(try JSONWriter.text($0.value, layout: .compact))"
    }
  }

  private func reason(_ part: [TensorSpec], _ sizes: ModelSizes) -> String? {
    do {
      _ = try ModelChange(from: llama(), to: part, cuts: [:], isActive: { _ in true }, sizes: sizes)
      return nil
    } catch { return "\(error)" }
  }

  @Test("sizes follow from the shapes, and a head's width is written down if it was not")
  func sizes() throws {
    #expect(try changes(llama(), sizes()) == [])
    #expect(try changes(llama(ffn: 15), sizes()) == ["intermediate_size 15"])
    #expect(
      try changes(llama(heads: 4, keys: 2), sizes())
        == ["num_attention_heads 4", "num_key_value_heads 2"])
    #expect(
      try changes(llama(heads: 2, keys: 1, ffn: 5), sizes("qwen2", [:]))
        == [
          "intermediate_size 5", "num_attention_heads 2", "num_key_value_heads 1",
          "head_dim 4",
        ])
  }

  @Test("what no config.json describes is refused with the reason")
  func refusals() throws {
    let start = "the sub-network could not be loaded: "
    // 24 % 4 = 0, 24 % 2 = 0, but a model of 5 heads would not fit 24.
    let five = try llama(heads: 5, keys: 3)
    #expect(reason(five, sizes())?.contains("keeps 12 of 12, and others 20 of 24") == true)
    #expect(
      reason(try llama(ffn: 10, secondFFN: 20), sizes())?.contains(
        "config.json gives one width for all layers") == true)
    #expect(
      reason(try llama(heads: 4, keys: 2), sizes("llama", ["hidden_size": 25]))
        == start + "llama can be loaded only with a number of heads that divides hidden_size 25, found 4")
    #expect(
      reason(try llama(ffn: 10).filter { $0.name != "lm_head.weight" }, sizes())
        == start + "no key of config.json says that tensor 'lm_head.weight' is missing")
    #expect(
      reason(try llama(ffn: 10) + specs([("extra", [1])]), sizes())
        == start + "tensor 'extra' is not one of the whole model")
    #expect(
      reason(try llama(ffn: 10), sizes("mamba")) == start + "expected a known model_type, found 'mamba'")
    var part = try llama(ffn: 10)
    part[part.count - 1] = try TensorSpec(name: "lm_head.weight", dtype: .f32, shape: [16, 24])
    #expect(
      reason(part, sizes()) == start + "no key of config.json gives the new shape of tensor 'lm_head.weight'")
    part[0] = try TensorSpec(name: "model.layers.0.self_attn.q_proj.weight", dtype: .f32, shape: [24, 12])
    #expect(
      reason(part, sizes())
        == start
        + "no key of config.json gives dimension 1 of tensor 'model.layers.0.self_attn.q_proj.weight'")
  }
}
