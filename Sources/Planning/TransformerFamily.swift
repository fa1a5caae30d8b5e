internal import Tensors
internal import UnitModel

/// The tensor names of one kind of transformer, and the placements of its tensors on the axes `heads{}` and `ffn{}`.
///
/// Only the inner channels of attention and feed-forward layers are cut. The residual stream stays whole, because
/// LayerNorm mixes its channels in another way than by a weighted sum.
struct TransformerFamily {
  /// The name of the preset.
  let name: String
  /// The models that have these names.
  let about: String
  /// A tensor that distinguishes this family from another one with the same first feed-forward tensor.
  var marker: String?
  /// An additional note for the reader of a plan.
  var remark: String?
  /// Feed-forward tensors, by the ends of their names. The first one identifies a file of this family.
  let feedForward: [(suffix: String, cut: String)]
  /// Attention tensors. `Q` and `K` are the numbers of positions for each key head, in queries and in keys.
  let attention: [(suffix: String, cut: String)]
  /// The tensor and the dimension with all query channels; they occur `fused` times.
  let query: (suffix: String, dimension: Int, fused: Int)
  /// The tensor whose first dimension has all key channels, if there may be fewer keys than queries.
  let key: String?
}
