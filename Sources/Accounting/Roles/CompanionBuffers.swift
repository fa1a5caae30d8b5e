internal import Tensors

/// Buffers that what stands beside them gives away.
///
/// PyTorch's spectral norm keeps `weight_orig` with the buffers `weight_u` and `weight_v`, its weight norm the parameters
/// `weight_g` and `weight_v`. Both write `parametrizations.weight.original…` today, and the vectors of the spectral norm
/// as `parametrizations.weight.0._u`. A codebook that follows the means of its clusters keeps their sizes; no optimizer
/// changes it.
struct CompanionBuffers {
  /// Names of parameters that are computed by a spectral norm, without `_orig`.
  private var normed: Set<String> = []
  /// Modules that keep the sizes of clusters, with the dot behind them.
  private var codebooks: Set<String> = []

  init(_ specs: [TensorSpec]) {
    for spec in specs {
      for ending in ["_orig", "_bar"] where spec.name.text.hasSuffix(ending) {
        normed.insert(String(spec.name.text.dropLast(ending.utf8.count)))
      }
      for ending in ["cluster_size", "cluster_usage"] where spec.name.text.hasSuffix("." + ending) {
        codebooks.insert(String(spec.name.text.dropLast(ending.utf8.count)))
      }
    }
  }

  /// Why a tensor is a buffer; nil where nothing beside it says so.
  func reason(of spec: TensorSpec, _ name: NameComponents) -> String? {
    let text = spec.name.text
    let isVector = spec.shape.count <= 1
    for ending in ["_u", "_v"] where text.hasSuffix(ending) {
      let isWeight = ending == "_u" && text.hasSuffix("weight_u")
      if normed.contains(String(text.dropLast(2))) || isVector && isWeight {
        return "a vector of a spectral norm, which stands beside"
      }
    }
    if !codebooks.isEmpty, let dot = text.lastIndex(of: "."), codebooks.contains(String(text[...dot])) {
      return "a codebook that follows the means of its clusters"
    }
    guard let last = name.list.last, name.list.contains(where: Self.folders.contains) else { return nil }
    return isVector && Self.vectors.contains(last) || Self.bases.contains(last)
      ? "what a parametrization keeps beside its original" : nil
  }

  private static let folders = WordTable(["parametrizations"])
  private static let vectors = WordTable(["_u", "_v"])
  /// Of an orthogonal parametrization.
  private static let bases = WordTable(["base"])
}
