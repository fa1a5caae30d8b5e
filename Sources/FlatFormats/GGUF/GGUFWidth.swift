internal import Tensors

/// A number of llama.cpp's metadata that the tensors of a layer show: one for all layers, or an array with one for each
/// (`get_key_or_arr`).
enum GGUFWidth: String, CaseIterable {
  case feedForward = "feed_forward_length"
  case heads = "attention.head_count"
  case keyValueHeads = "attention.head_count_kv"

  /// The key of the number of channels in a head: of queries and keys, or of values.
  enum Head: String, CaseIterable {
    case key = "attention.key_length"
    case value = "attention.value_length"
  }

  /// A dimension of a layer's tensor: the number that it shows, whether it is the first or the last one, and the heads
  /// that its channels belong to.
  typealias Row = (width: GGUFWidth, isFirst: Bool, head: Head?)

  /// The tensors of a layer (`LLM_TENSOR_…` in llama.cpp) that can be smaller.
  private static let rows: [String: Row] = [
    "ffn_up": (.feedForward, true, nil), "ffn_gate": (.feedForward, true, nil),
    "ffn_down": (.feedForward, false, nil), "attn_q": (.heads, true, .key),
    "attn_k": (.keyValueHeads, true, .key), "attn_v": (.keyValueHeads, true, .value),
    "attn_output": (.heads, false, .value),
  ]

  /// The layer of a tensor such as `blk.3.ffn_up.weight`, and the dimension that shows a number; nil for others.
  static func place(of spec: TensorSpec) -> (layer: Int, dimension: Int, row: Row)? {
    let parts = spec.name.text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == "blk", let layer = Int(parts[1]), layer >= 0, "\(layer)" == parts[1],
      let row = rows[String(parts[2])], !spec.shape.isEmpty
    else { return nil }
    switch (parts[3], row.isFirst) {
    case ("weight", true) where spec.shape.count == 2, ("bias", true) where spec.shape.count == 1:
      return (layer, 0, row)
    case ("weight", false) where spec.shape.count == 2: return (layer, 1, row)
    // The bias of an output has no dimension that can change.
    default: return nil
    }
  }
}

/// The channels or heads that the tensors of one layer keep.
struct GGUFLayer {
  /// For each number the first tensor that shows it, and the runs of channels or heads that it keeps.
  private var kept: [GGUFWidth: (tensor: TensorName, runs: [Range<Int>])] = [:]

  /// The numbers of the sub-network.
  var numbers: [GGUFWidth: Int] { kept.mapValues { $0.runs.reduce(0) { $0 + $1.count } } }

  /// Adds what one tensor keeps; returns another tensor that keeps something else.
  mutating func add(_ runs: [Range<Int>], of width: GGUFWidth, _ tensor: TensorName) -> TensorName? {
    guard let first = kept[width] else {
      kept[width] = (tensor, runs)
      return nil
    }
    return first.runs == runs ? nil : first.tensor
  }

  /// The most heads of a layer; no model has so many.
  private static let headLimit = 1 << 16

  /// Whether each query head still uses its own key and value head: llama.cpp divides the query heads evenly among the
  /// others, in order.
  func keepsGroups(queries: Int, keys: Int) -> Bool {
    guard (1...Self.headLimit).contains(queries), (1...queries).contains(keys), queries % keys == 0,
      let keptKeys = kept[.keyValueHeads]?.runs.flatMap(Array.init), !keptKeys.isEmpty,
      let keptQueries = kept[.heads]?.runs.flatMap(Array.init), !keptQueries.isEmpty,
      keptQueries.count % keptKeys.count == 0
    else { return false }
    let (before, after) = (queries / keys, keptQueries.count / keptKeys.count)
    return keptQueries.indices.allSatisfy { keptQueries[$0] / before == keptKeys[$0 / after] }
  }
}
