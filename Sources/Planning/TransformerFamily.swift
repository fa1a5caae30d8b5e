internal import Tensors
internal import UnitModel

/// The tensor names of one way to write a transformer, and their placements on the axes `heads{}` and `ffn{}`.
///
/// Only the inner channels of attention and feed-forward layers are cut. The residual stream stays whole, because
/// LayerNorm mixes its channels in another way than a weighted sum.
struct TransformerFamily {
  /// The name of the preset.
  let name: String
  /// The models that have these names.
  let about: String
  /// A tensor that distinguishes this family from another one with the same first feed-forward tensor.
  var marker: String?
  /// A further remark for the reader of a plan.
  var remark: String?
  /// Feed-forward tensors, by the ends of their names; the first identifies a file of this family.
  let feedForward: [(suffix: String, cut: String)]
  /// Attention tensors. `Q` and `K` stand for the positions per key head among queries and among keys.
  let attention: [(suffix: String, cut: String)]
  /// The tensor and dimension with all query channels, `fused` times.
  let query: (suffix: String, dimension: Int, fused: Int)
  /// The tensor whose first dimension has all key channels, if they may be fewer than the queries.
  let key: String?
}
