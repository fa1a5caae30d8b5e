internal import Tensors

/// A dimension with another defect than being left whole, and the cut dimension that shows the defect.
struct SingleHalfCut {
  enum Kind {
    case otherAxis
    /// The dimension may have the cut channels joined with others; the value is the placement proposed for it.
    case joined(DimensionPlacement)
    case fewerHeads
  }

  let site: TensorSite
  let cause: TensorSite
  let kind: Kind

  /// A pattern for the tensors of a norm, which are all cut in the same way; nil for other modules.
  let pattern: String?

  init(_ site: TensorSite, _ cause: TensorSite, _ kind: Kind, pattern: String? = nil) {
    self.site = site
    self.cause = cause
    self.kind = kind
    self.pattern = pattern
  }

  /// If the names differ only in a number, one warning for all of them.
  static func halfCuts(_ singles: [SingleHalfCut], in partition: Partition) -> [HalfCut] {
    var order: [Key] = []
    var groups: [Key: [SingleHalfCut]] = [:]
    for single in singles {
      let key = Key(single, partition)
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(single)
    }
    return order.compactMap { key in
      guard let group = groups[key], let first = group.first else { return nil }
      return first.halfCut(in: partition, names: group.map { partition.tensors[$0.site.tensor].spec.name })
    }
  }

  private struct Key: Hashable {
    let name: String
    let dimension: Int
    let cause: String
    let extents: [Int]

    init(_ single: SingleHalfCut, _ partition: Partition) {
      func name(_ site: TensorSite) -> String {
        HalfCutGroup.numberless(partition.tensors[site.tensor].spec.name.text)
      }
      self.name = single.pattern ?? name(single.site)
      dimension = single.site.dimension
      cause = name(single.cause)
      extents = [single.site, single.cause].map { partition.tensors[$0.tensor].spec.shape[$0.dimension] }
    }
  }

  private func halfCut(in partition: Partition, names: [TensorName]) -> HalfCut {
    let (tensor, other) = (partition.tensors[cause.tensor], partition.tensors[site.tensor])
    let placement = tensor.dimensions[cause.dimension]
    let extent = other.spec.shape[site.dimension]
    var dimensions = other.dimensions
    let wrong: HalfCut.Kind
    switch kind {
    case .otherAxis:
      wrong = .contradictory(
        axis: placement.notation, other: other.dimensions[site.dimension].notation)
      dimensions[site.dimension] = placement
    case .joined(let placement):
      wrong = .joined(extent: extent)
      dimensions[site.dimension] = placement
    case .fewerHeads:
      wrong = .fewerHeads(extent: extent)
    }
    var option = "\(pattern ?? other.spec.name.text)=\(dimensions.map(\.notation).joined(separator: ","))"
    if case .fewerHeads = kind { option = "\(other.spec.name.text)=heads*N,-" }
    return HalfCut(
      tensors: names, dimensions: [site.dimension], cut: tensor.spec.name,
      cutDimension: cause.dimension, extent: tensor.spec.shape[cause.dimension], option: option, kind: wrong)
  }
}
