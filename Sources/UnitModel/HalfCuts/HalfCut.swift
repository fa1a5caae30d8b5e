package import Tensors

/// Channels that are cut in one tensor and left whole in another that holds the same ones, by names and sizes.
///
/// A sub-network of such a plan does not load, or computes something else: its convolution has 16 channels and its
/// norm 64. Only a graph can prove it, so this is a warning.
package struct HalfCut: Hashable, Sendable, CustomStringConvertible {
  /// The tensors that are left whole, in the order of the file; none where it is not known which tensor reads the axis.
  package let tensors: [TensorName]
  /// Their dimension.
  package let dimension: Int
  /// The tensor that is cut, and its dimension.
  package let cut: TensorName
  package let cutDimension: Int
  /// The extent of `cutDimension`.
  package let extent: Int
  /// What `--cut` takes to cut them alike: `bn1.*=conv1`; the axis where it is not known which tensor reads it.
  package let option: String
  /// Whether another entry for one of the tensors exists, which would count first.
  package let isPartlyCut: Bool

  /// One sentence, with the option to add.
  package var description: String {
    if tensors.isEmpty {
      return
        "half cut: the \(extent) channels of \(cut.quoted) dimension \(cutDimension) are cut, and no tensor "
        + "takes them in; add a --cut for what reads axis '\(option)'"
    }
    let others = tensors.count > 1 ? " and \(tensors.count - 1) more" : ""
    let place = tensors.count > 1 ? "" : " dimension \(dimension)"
    return "half cut: the \(extent) channels of \(cut.quoted) dimension \(cutDimension) are cut, "
      + "\(tensors.first?.quoted ?? "")\(place)\(others) \(tensors.count > 1 ? "are" : "is") left whole; "
      + "add --cut '\(option)'\(isPartlyCut ? " before the others" : "")"
  }
}

extension DimensionPlacement {
  /// The names of the axes, as they are spelled.
  package var axes: [AxisName] {
    switch self {
    case .whole: []
    case .axis(let use), .compact(let use): [use.axis]
    case .concat(let parts): parts.compactMap { if case .axis(let use) = $0 { use.axis } else { nil } }
    }
  }

  /// The dimension as `--cut` spells it: `-`, `3*heads*64`, `a+16+b`, `last:compact`.
  package var notation: String {
    func text(_ use: AxisUse) -> String {
      (use.outer == 1 ? "" : "\(use.outer)*") + use.axis.text + (use.inner == 1 ? "" : "*\(use.inner)")
    }
    switch self {
    case .whole: return "-"
    case .axis(let use): return text(use)
    case .compact(let use): return text(use) + ":compact"
    case .concat(let parts):
      return parts.map { part in
        switch part {
        case .axis(let use): text(use)
        case .uncut(let size): String(size)
        }
      }.joined(separator: "+")
    }
  }
}
