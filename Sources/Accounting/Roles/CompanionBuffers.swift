internal import Tensors

/// Finds buffers by the other tensors of their module.
///
/// PyTorch's spectral norm has `weight_orig` with the buffers `weight_u` and `weight_v`; its weight norm has the
/// parameters `weight_g` and `weight_v`. Newer versions write `parametrizations.weight.original…`, and the vectors of
/// the spectral norm as `parametrizations.weight.0._u`. A codebook whose entries are the means of its clusters has a
/// tensor with the sizes of the clusters; no optimizer changes it.
struct CompanionBuffers {
  /// Names of parameters that a spectral norm computes, without `_orig`.
  private var normed: Set<String> = []
  /// Modules with a tensor of cluster sizes, including the dot after the module's name.
  private var codebooks: Set<String> = []

  init(_ specs: [TensorSpec]) {
    // Files have tens of thousands of names; this last byte excludes most of them.
    for spec in specs where spec.name.text.utf8.last.map(Self.lastBytes.contains) ?? false {
      for ending in ["_orig", "_bar"] where spec.name.text.hasSuffix(ending) {
        normed.insert(String(spec.name.text.dropLast(ending.utf8.count)))
      }
      for ending in ["cluster_size", "cluster_usage"] where spec.name.text.hasSuffix("." + ending) {
        codebooks.insert(String(spec.name.text.dropLast(ending.utf8.count)))
      }
    }
  }

  /// The reason why a tensor is a buffer; nil if no other tensor of its module shows it.
  func reason(of spec: TensorSpec, _ name: NameComponents) -> String? {
    let text = spec.name.text
    let isVector = spec.shape.count <= 1
    if let last = name.list.last, Self.vectorEndings.endsAny(last) {
      let isWeight = Self.hookVectors.contains(last)
      if normed.contains(String(text.dropLast(2))) || isVector && isWeight {
        return "a vector of the spectral norm of another tensor"
      }
    }
    if !codebooks.isEmpty, let dot = text.lastIndex(of: "."), codebooks.contains(String(text[...dot])) {
      return "a codebook that follows the means of its clusters"
    }
    guard let last = name.list.last, isVector && Self.vectors.contains(last) || Self.bases.contains(last),
      name.list.contains(where: Self.folders.contains)
    else { return nil }
    return "a parametrization keeps it with the original tensor"
  }

  private static let lastBytes = Set("gre".utf8)
  private static let vectorEndings = WordTable(["_u", "_v"])
  private static let hookVectors = WordTable(["weight_u"])
  private static let folders = WordTable(["parametrizations"])
  private static let vectors = WordTable(["_u", "_v"])
  /// The tensor of an orthogonal parametrization.
  private static let bases = WordTable(["base"])
}
