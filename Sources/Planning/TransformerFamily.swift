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
  /// A further tensor that a file of this family has, where another family has the first feed-forward tensor too.
  var marker: String?
  /// What else the reader of a plan should know.
  var remark: String?
  /// Feed-forward tensors, by the ends of their names; the first tells whether a file is of this family.
  let feedForward: [(suffix: String, cut: String)]
  /// Attention tensors. `Q` and `K` stand for the positions a head has among queries and among keys.
  let attention: [(suffix: String, cut: String)]
  /// The tensor and dimension that hold all query channels, `fused` times.
  let query: (suffix: String, dimension: Int, fused: Int)
  /// The tensor whose first dimension holds all key channels, where they may be fewer than the queries.
  let key: String?
}
