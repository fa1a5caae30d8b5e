import Accounting
import Tensors
import Testing

@Suite("Roles of tensors")
struct RoleClassifierTests {
  typealias Row = (name: String, dtype: DType, shape: [Int], role: ParameterRole)

  /// Each list is one file, because roles depend on the other tensors of a module.
  static let files: [(words: String, rows: [Row])] = [
    (
      "PyTorch convolutions and norms",
      [
        ("layer1.0.conv1.weight", .f32, [64, 32, 3, 3], .weight), ("layer1.0.conv1.bias", .f32, [64], .bias),
        ("layer1.0.bn1.weight", .f32, [64], .normAffine), ("layer1.0.bn1.bias", .f32, [64], .normAffine),
        ("layer1.0.bn1.running_mean", .f32, [64], .normStatistics),
        ("layer1.0.bn1.running_var", .f32, [64], .normStatistics),
        ("layer1.0.bn1.num_batches_tracked", .i64, [], .counter),
        ("features.3.weight", .f32, [32], .normAffine), ("features.3.bias", .f32, [32], .normAffine),
        ("prelu.weight", .f32, [64], .other), ("fc.weight", .f32, [10, 64], .weight),
        ("fc.bias", .f32, [10], .bias),
        ("odd.weight", .f32, [7], .other), ("odd.bias", .f32, [9], .bias),
      ]
    ),
    (
      "statistics without scale and shift, and a shift without a scale",
      [
        ("bn.running_mean", .f32, [8], .normStatistics), ("bn.running_var", .f32, [8], .normStatistics),
        ("bn.bias", .f32, [8], .normAffine),
      ]
    ),
    (
      "transformers",
      [
        ("model.embed_tokens.weight", .bf16, [1000, 64], .embedding),
        ("embeddings.word_embeddings.weight", .f32, [1000, 64], .embedding),
        ("embeddings.LayerNorm.weight", .f32, [64], .normAffine),
        ("embeddings.LayerNorm.bias", .f32, [64], .normAffine),
        ("embeddings.position_ids", .i64, [1, 512], .buffer),
        ("model.layers.0.input_layernorm.weight", .bf16, [64], .normAffine),
        ("model.layers.0.self_attn.q_proj.weight", .bf16, [64, 64], .weight),
        ("model.layers.0.self_attn.rotary_emb.inv_freq", .f32, [32], .buffer),
        ("h.0.attn.bias", .bool, [1, 1, 16, 16], .mask), ("h.1.attn.bias", .f32, [1, 1, 16, 16], .buffer),
        ("h.0.attn.c_attn.bias", .f32, [192], .bias), ("wte.weight", .f32, [1000, 64], .embedding),
        ("token_embd.weight", .q80, [1000, 64], .embedding),
        ("blk.0.ffn_up.weight", .q4K, [9, 256], .weight),
        ("wpe.weight", .f32, [512, 64], .embedding), ("embed_out.weight", .f32, [1000, 64], .weight),
        ("patch_embed.proj.weight", .f32, [64, 3, 16, 16], .weight),
        ("pos_embed", .f32, [1, 197, 64], .embedding),
        ("attn.in_proj_weight", .f32, [192, 64], .weight), ("attn.in_proj_bias", .f32, [192], .bias),
        ("logit_scale", .f32, [], .other),
      ]
    ),
    (
      "buffers of transformers' families, beside parameters of like names",
      [
        ("m.quantizer.codebook.cluster_size", .f32, [64], .buffer),
        ("m.quantizer.codebook.embed", .f32, [64, 8], .buffer),
        ("m.quantizer.codebook.inited", .f32, [1], .buffer), ("n.codebook.embed", .f32, [64, 8], .embedding),
        ("mlp.gate.e_score_correction_bias", .f32, [64], .buffer), ("mlp.gate.bias", .f32, [64], .bias),
        ("embeddings.word_embeddings.weight", .f32, [50, 8], .embedding),
        ("embeddings.word_embeddings.weight_integer", .f32, [50, 8], .buffer),
        ("query_act.act_scaling_factor", .f32, [1], .buffer), ("query_act.x_min", .f32, [1], .buffer),
        ("model.latent_scaling_factor", .f32, [], .other),
        ("shared_image_embedding.positional_embedding", .f32, [2, 128], .buffer),
        ("visual.positional_embedding", .f32, [50, 128], .embedding),
        ("layers.0.mlp.act_fn.beta", .f32, [], .buffer), ("layers.0.norm.beta", .f32, [8], .normAffine),
        ("layers.0.self_attn.query_decay", .f32, [8, 4, 1], .buffer),
        ("conditioner.norm_mean", .f32, [3, 1, 1], .buffer),
      ]
    ),
    (
      "buffers by name, and whole numbers",
      [
        ("embeddings.token_type_ids", .i64, [1, 512], .buffer), ("h.0.attn.masked_bias", .f32, [], .buffer),
        ("rotary.cos_cached", .f32, [1, 1, 64, 8], .buffer), ("rotary.sin_cached", .bf16, [64, 8], .buffer),
        ("freqs_cis", .c64, [64, 8], .buffer), ("attn.relative_position_index", .i64, [49, 49], .buffer),
        ("attn.relative_position_bias_table", .f32, [169, 3], .weight),
        ("attn.relative_coords_table", .f32, [1, 13, 13, 2], .buffer),
        ("decoder.triu", .f32, [16, 16], .buffer),
        ("decoder.attn_mask", .f32, [16, 16], .mask), ("pixel_mean", .f32, [3, 1, 1], .buffer),
        ("lookup.weight", .i64, [10, 4], .buffer), ("table", .i32, [7], .buffer),
        ("codes", .u8, [7], .buffer),
        ("proj.bias", .f32, [1, 64], .bias), ("gate.attn.bias", .f32, [64], .bias),
        ("inv_freq_proj.weight", .f32, [4, 4], .weight), ("pos_embed", .f32, [1, 9, 4], .embedding),
        ("q.weight", .i8, [64, 64], .weight), ("bn.num_batches_tracked", .i64, [], .counter),
      ]
    ),
    (
      "packed weights and their bookkeeping",
      [
        ("a.weight_packed", .i32, [32, 8], .weight), ("a.weight_scale", .bf16, [32, 2], .quantisation),
        ("a.weight_shape", .i64, [2], .quantisation), ("a.weight_zero_point", .i32, [4, 2], .quantisation),
        ("a.weight_g_idx", .i32, [64], .quantisation), ("b.qweight", .i32, [8, 48], .weight),
        ("b.qzeros", .i32, [2, 6], .quantisation), ("b.scales", .f16, [2, 48], .quantisation),
        ("b.g_idx", .i32, [64], .quantisation), ("c.weight", .u8, [1536, 1], .weight),
        ("c.weight.absmax", .u8, [48], .quantisation), ("c.weight.quant_map", .f32, [16], .quantisation),
        ("c.weight.nested_absmax", .f32, [1], .quantisation),
        ("c.weight.quant_state.bitsandbytes__nf4", .u8, [80], .quantisation),
        ("experts.up_proj_blocks", .u8, [4, 64, 2, 16], .weight),
        ("experts.up_proj_scales", .u8, [4, 64, 2], .quantisation),
        ("d.weight", .f8E4M3, [128, 128], .weight),
        ("d.weight_scale_inv", .f32, [1, 1], .quantisation), ("e.weight", .u8, [8, 16], .weight),
        ("e.weight_scale", .f8E4M3, [8, 2], .quantisation), ("e.weight_scale_2", .f32, [], .quantisation),
      ]
    ),
    (
      "recurrent, reparametrised and quantised layers",
      [
        ("lstm.weight_ih_l0", .f32, [256, 32], .weight),
        ("lstm.weight_hh_l0_reverse", .f32, [256, 64], .weight),
        ("lstm.bias_hh_l0", .f32, [256], .bias), ("conv.weight_v", .f32, [8, 4, 3], .weight),
        ("q.weight", .i8, [64, 64], .weight), ("q.weight_scale", .f32, [64], .quantisation),
        ("q.scale", .f32, [64], .quantisation), ("step", .i32, [], .counter),
      ]
    ),
    (
      "Keras and TensorFlow",
      [
        ("conv2d/kernel:0", .f32, [3, 3, 1, 8], .weight), ("conv2d/bias:0", .f32, [8], .bias),
        ("bn/gamma:0", .f32, [8], .normAffine), ("bn/beta:0", .f32, [8], .normAffine),
        ("bn/moving_mean:0", .f32, [8], .normStatistics),
        ("bn/moving_variance:0", .f32, [8], .normStatistics),
        ("lstm/lstm_cell/recurrent_kernel", .f32, [8, 32], .weight),
        ("sep/depthwise_kernel", .f32, [3, 3, 8, 1], .weight),
        ("attention/query/bias", .f32, [4, 16], .bias),
        ("embedding/embeddings", .f32, [100, 8], .embedding),
        ("optimizer/iterations", .i64, [], .counter),
      ]
    ),
    (
      "JAX and MXNet",
      [
        ("LayerNorm_0/scale", .f32, [8], .normAffine), ("LayerNorm_0/bias", .f32, [8], .normAffine),
        ("RMSNorm_1/scale", .f32, [8], .normAffine), ("linear/w", .f32, [8, 4], .weight),
        ("linear/b", .f32, [4], .bias), ("Embed_0/embedding", .f32, [100, 8], .embedding),
        ("conv0_weight", .f32, [8, 3, 3, 3], .weight), ("conv0_bias", .f32, [8], .bias),
        ("bn0_gamma", .f32, [8], .normAffine), ("bn0_beta", .f32, [8], .normAffine),
        ("bn0_running_mean", .f32, [8], .normStatistics), ("bn0_moving_var", .f32, [8], .normStatistics),
      ]
    ),
    (
      "what is no layer's weight",
      [
        ("optimizer.state.0.exp_avg", .f32, [64, 64], .optimizerState),
        ("ema.layer.weight", .f32, [64, 64], .optimizerState),
        ("state.3.momentum_buffer", .f32, [64], .optimizerState),
        ("blocks.0.mobile_inverted_conv.depth_conv.conv.7to5_matrix", .f32, [25, 25], .kernelTransform),
        ("blocks.0.conv.weight", .f32, [8, 8, 7, 7], .weight),
        ("previous_masks.3", .u8, [8, 8, 3, 3], .mask), ("conv.weight_mask", .f32, [8, 8, 3, 3], .mask),
        ("conv.owners", .u8, [8, 8, 3, 3], .mask), ("dataset2idx", .i64, [4], .assignment),
        ("layers.0.block_sparse_moe.gate.weight", .bf16, [8, 64], .selector),
        ("mlp.gate_proj.weight", .bf16, [256, 64], .weight),
        ("selector.fc.weight", .f32, [4, 64], .selector),
        ("task1_logits", .f32, [12, 2], .selector), ("q.qzeros", .i32, [4, 8], .quantisation),
        ("q.weight_scale_inv", .f32, [4, 4], .quantisation),
      ]
    ),
    (
      "names that say nothing",
      [
        ("a", .f32, [4, 5], .weight), ("b/c", .f16, [4], .other), ("", .f32, [2, 2], .weight),
        ("x.y", .u8, [4, 5], .buffer), ("é", .f8E4M3, [2, 2, 2], .weight), ("n", .i32, [], .counter),
      ]
    ),
  ]

  static let parts: [(name: String, part: NetworkPart)] = [
    ("fc.weight", .head), ("module.fc.bias", .head), ("head.fine.level1.bias", .head),
    ("lm_head.weight", .head),
    ("classifier.6.weight", .head), ("layer4.1.fc.weight", .body), ("linear.weight", .head),
    ("stem.fine.bn.weight", .stem), ("conv1.weight", .stem), ("bn1.running_mean", .stem),
    ("layer1.0.conv1.weight", .body), ("layer2.0.downsample.0.weight", .shortcut),
    ("block2.layer.0.convShortcut.weight", .shortcut), ("model.patch_embed.proj.bias", .stem),
    ("fc", .head), ("stage1.0.conv.weight", .body), ("heads/a/kernel:0", .head), ("", .body),
  ]

  @Test("and parts follow from the components of a name", arguments: parts)
  func part(name: String, part: NetworkPart) throws {
    let spec = try TensorSpec(name: TensorName(name), dtype: .f32, shape: [2, 2])
    let found = try #require(RoleClassifier.roles(of: [spec]).first)
    #expect(found.part == part, "\(found.reason)")
    #expect((part == .body) == !found.reason.contains("under '"))
  }

  @Test("follow from name, shape and siblings, each with a reason")
  func table() throws {
    var met: Set<ParameterRole> = []
    for file in Self.files {
      let specs = try file.rows.map {
        try TensorSpec(name: TensorName($0.name), dtype: $0.dtype, shape: $0.shape)
      }
      let found = RoleClassifier.roles(of: specs)
      #expect(found.count == specs.count)
      for (row, found) in zip(file.rows, found) {
        #expect(found.role == row.role, "\(file.words): \(row.name): \(found.reason)")
        #expect(!found.reason.isEmpty)
        met.insert(found.role)
      }
      // The order of a file does not matter.
      let reversed = Array(RoleClassifier.roles(of: specs.reversed()).reversed())
      #expect(reversed == found)
    }
    #expect(met == Set(ParameterRole.allCases))
  }

  @Test(
    "what an operator's inputs mean comes before names",
    arguments: [
      ("Conv", 1, [4, 3, 3, 3], nil, ParameterRole.weight), ("Conv", 2, [4], nil, .bias),
      ("ConvTranspose", 1, [4, 3, 2, 2], nil, .weight), ("ConvTranspose", 2, [3], nil, .bias),
      ("Gemm", 1, [4, 3], nil, .weight), ("Gemm", 0, [4, 3], nil, .weight), ("Gemm", 2, [4], nil, .bias),
      ("MatMul", 0, [4, 3], nil, .weight), ("MatMul", 1, [4, 3], nil, .weight),
      ("Einsum", 1, [4, 3], nil, .weight), ("Add", 1, [4], "MatMul", .bias), ("Add", 0, [4], "Conv", .bias),
      ("BatchNormalization", 1, [4], nil, .normAffine), ("BatchNormalization", 2, [4], nil, .normAffine),
      ("BatchNormalization", 3, [4], nil, .normStatistics),
      ("BatchNormalization", 4, [4], nil, .normStatistics),
      ("InstanceNormalization", 1, [4], nil, .normAffine), ("GroupNormalization", 2, [4], nil, .normAffine),
      ("LayerNormalization", 2, [4], nil, .normAffine), ("RMSNormalization", 1, [4], nil, .normAffine),
      ("LSTM", 1, [1, 16, 4], nil, .weight), ("LSTM", 2, [1, 16, 4], nil, .weight),
      ("LSTM", 3, [1, 32], nil, .bias), ("GRU", 2, [1, 12, 4], nil, .weight),
      ("GRU", 3, [1, 24], nil, .bias),
      ("Gather", 0, [9, 4], nil, .embedding), ("DequantizeLinear", 1, [4], nil, .quantisation),
      // An operator that takes values of any meaning leaves the role to the name, which says nothing here.
      ("Add", 1, [4], "Relu", .other), ("Mul", 1, [4], nil, .other), ("Gather", 1, [4], nil, .other),
    ] as [(String, Int, [Int], String?, ParameterRole)])
  func operators(operation: String, input: Int, shape: [Int], beside: String?, role: ParameterRole) throws {
    let use = OperatorUse(operation: operation, input: input, beside: beside, node: "node 'n' (\(operation))")
    let spec = try TensorSpec(name: "t17", dtype: .f32, shape: shape)
    let found = try #require(RoleClassifier.roles(of: [spec], uses: ["t17": use]).first)
    #expect(found.role == role)
    if role != .other { #expect(found.reason.hasPrefix("input \(input) of node 'n' (\(operation))")) }
    #expect(found.foldsAway == (operation == "BatchNormalization" && input != 2))
    // An operator uses a router as a weight; the name shows its purpose.
    let router = try TensorSpec(name: "router.weight", dtype: .f32, shape: shape)
    #expect(RoleClassifier.roles(of: [router], uses: ["router.weight": use]).first?.role == .selector)
  }

  @Test("of norms fold away where their statistics are stored, but for the shift")
  func folding() throws {
    let names = [
      "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var", "ln.weight", "ln.bias", "k/gamma",
      "k/beta",
      "k/moving_mean", "l/gamma", "l/beta", "g.norm.scale",
    ]
    let specs = try names.map { try TensorSpec(name: TensorName($0), dtype: .f32, shape: [4]) }
    let folded = zip(names, RoleClassifier.roles(of: specs)).filter(\.1.foldsAway).map(\.0)
    #expect(folded == ["bn.weight", "bn.running_mean", "bn.running_var", "k/gamma", "k/moving_mean"])
  }
}
