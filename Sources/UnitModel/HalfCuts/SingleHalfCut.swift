internal import Tensors

/// A dimension that is wrong otherwise than by being left whole, and the one that is cut.
struct SingleHalfCut {
  enum Kind {
    case otherAxis
    /// With how the dimension would lie on the axes.
    case joined(DimensionPlacement)
    case fewerHeads
  }

  let site: TensorSite
  let cause: TensorSite
  let kind: Kind

  init(_ site: TensorSite, _ cause: TensorSite, _ kind: Kind) {
    self.site = site
    self.cause = cause
    self.kind = kind
  }

  func halfCut(in partition: Partition) -> HalfCut {
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
    var option = "\(other.spec.name.text)=\(dimensions.map(\.notation).joined(separator: ","))"
    if case .fewerHeads = kind { option = "\(other.spec.name.text)=heads*N,-" }
    return HalfCut(
      tensors: [other.spec.name], dimensions: [site.dimension], cut: tensor.spec.name,
      cutDimension: cause.dimension, extent: tensor.spec.shape[cause.dimension], option: option, kind: wrong)
  }
}
