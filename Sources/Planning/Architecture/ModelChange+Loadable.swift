package import StrictJSON
package import Tensors
package import UnitModel

extension ModelChange {
  /// The change of a config.json with which loaders build a sub-network.
  ///
  /// - Parameters:
  ///   - document: the whole model's config.json.
  ///   - reasonAgainstCuts: why no model with this config.json can be made smaller; nil if it can.
  /// - Throws: `PlanningError.notLoadable` if there is no such change, or if the changed config.json would not describe
  ///   the tensors.
  package init(
    loadableFrom whole: [TensorSpec], to part: [TensorSpec], cuts: [TensorName: [DimensionCut?]],
    isActive: (DimensionPart) -> Bool, _ document: JSONObject, reasonAgainstCuts: String?,
    widths: LayerWidths = .uniform
  ) throws(PlanningError) {
    let sizes = ModelSizes(document)
    try self.init(from: whole, to: part, cuts: cuts, isActive: isActive, sizes: sizes, widths: widths)
    if keys.isEmpty { return }
    if let reasonAgainstCuts { throw .notLoadable(reasonAgainstCuts) }
    if let twice = keys.first(where: { sizes.isTwice($0.key, in: $0.object) }) {
      throw .notLoadable(
        "\(twice.key) is in config.json twice, or under two names, and loaders read one of them")
    }
    let renamed = part.map { spec in
      (try? TensorSpec(name: names[spec.name] ?? spec.name, dtype: spec.dtype, shape: spec.shape)) ?? spec
    }
    let check = ConfigurationCheck(applied(to: document, sizes), renamed)
    if let first = check.disagreements.first(where: { !$0.isHarmless }) {
      let place =
        switch first.place {
        case .key(let key): key
        case .tensor(let name): "tensor \(name.quoted)"
        }
      throw .notLoadable("\(place): expected \(first.expected), found \(first.found)")
    }
    note = Self.note(whole, part)
  }

  /// The document with the changed keys.
  private func applied(to document: JSONObject, _ sizes: ModelSizes) -> JSONObject {
    var document = document
    for change in keys {
      let path = self.path(of: change, sizes)
      if path.count == 2, case .object(var inner)? = document[path[0]] {
        inner[path[1]] = change.value
        document[path[0]] = .object(inner)
      } else if path.count == 1 {
        document[path[0]] = change.value
      }
    }
    return document
  }

  /// The path of a changed key in the document; that of a new key is beside its anchor.
  package func path(of change: ConfigurationChange, _ sizes: ModelSizes) -> [String] {
    sizes.has(change.key, in: change.object)
      ? sizes.path(change.key, in: change.object)
      : sizes.path(change.anchor, in: change.object).dropLast() + [change.key]
  }

  /// A warning about experts that PyTorch's grouped matrix product refuses: rows must have a multiple of 16 bytes.
  private static func note(_ whole: [TensorSpec], _ part: [TensorSpec]) -> String? {
    let shapes = Dictionary(whole.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    for spec in part where spec.name.text.contains("experts") && spec.shape.count > 1 {
      guard let old = shapes[spec.name], old.count == spec.shape.count, let size = spec.dtype.bytes else {
        continue
      }
      let cut = spec.shape.indices.suffix(2).first {
        spec.shape[$0] != old[$0] && spec.shape[$0] * size % 16 != 0 && old[$0] * size % 16 == 0
      }
      if let cut {
        return "note: experts of width \(spec.shape[cut]) have rows of \(spec.shape[cut] * size) bytes in "
          + "\(spec.dtype.rawValue); PyTorch's grouped matrix product needs a multiple of 16, so transformers may need "
          + "experts_implementation=\"eager\""
      }
    }
    return nil
  }
}
