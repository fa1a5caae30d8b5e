internal import Tensors

/// Names of PyTorch's buffers: tensors of a module that training never changes.
enum BufferRoles {
  /// The reason why a tensor is a buffer; nil if its name does not show it.
  static func reason(of name: NameComponents, rank: Int) -> String? {
    guard let last = name.list.last else { return nil }
    if words.contains(last) {
      return "'\(NameComponents.text(last))' is a computed table or a counter"
    }
    if let module = name.list.dropLast().last,
      randomFeatures.contains(module) && last.elementsEqual("positional_embedding".utf8)
        || rank == 0 && activations.contains(module)
    {
      return "'\(NameComponents.text(last))' of '\(NameComponents.text(module))' is fixed"
    }
    if name.list.contains(where: observers.contains) {
      return "kept by an observer of quantisation-aware training"
    }
    // GPT-2's causal mask is named `bias`; the bias of a layer has one dimension, or two.
    if last.elementsEqual("bias".utf8), rank >= 3, let module = name.list.dropLast().last,
      attention.contains(module)
    {
      return "the bias of an attention, of rank \(rank): a causal mask"
    }
    return nil
  }

  private static let attention = WordTable([
    "attn", "attention", "self_attn", "self_attention", "crossattention",
  ])

  /// Segment Anything's position embeddings are random numbers that do not change.
  private static let randomFeatures = WordTable(["shared_image_embedding", "shared_embedding"])
  private static let activations = WordTable(["act_fn"])

  private static let observers = WordTable(["activation_post_process", "weight_fake_quant", "fake_quant"])

  private static let words = WordTable([
    // Rotary embeddings.
    "inv_freq", "original_inv_freq", "cos_cached", "sin_cached", "cos_cache", "sin_cache", "freqs_cis",
    "freqs_cos", "freqs_sin", "rope_freqs",
    // Numbers of positions and segments.
    "position_ids", "token_type_ids", "relative_position_index", "relative_coords_table", "rel_pos_index",
    "rp_bucket", "pos_idx_to_embed", "positional_encoding_gaussian_matrix",
    // Biases that balance the experts of a mixture; counts of tokens change them, not gradients.
    "e_score_correction_bias", "balancing_biases",
    // Decays of linear attention, and ranges of activations.
    "slope_rate", "query_decay", "key_decay", "diagonal_decay", "layer_scalar", "input_min", "input_max",
    "output_min", "output_max",
    // A second copy of a weight, rounded.
    "weight_integer", "bias_integer",
    // Scales and ranges that integer-only models measure.
    "weight_scaling_factor", "act_scaling_factor", "fc_scaling_factor", "bias_scaling_factor", "x_min",
    "x_max",
    // Masks that are computed.
    "masked_bias", "triu", "tril",
    // Means and deviations of images, places of boxes.
    "pixel_mean", "pixel_std", "image_mean", "image_std", "norm_mean", "norm_std", "global_mean",
    "global_invstd", "anchor_grid",
  ])
}
