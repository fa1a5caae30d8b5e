package import Tensors

/// Channels that are cut in one tensor, but are whole or cut differently in another tensor with the same channels.
/// Names and sizes reveal them.
///
/// A sub-network of such a plan does not load, or gives wrong results: for example, its convolution has 16 channels and
/// its norm 64. Only a graph can prove the defect, so this is a warning.
package struct HalfCut: Hashable, Sendable {
  /// The defect of the tensors.
  package enum Kind: Hashable, Sendable {
    /// The tensors are left whole.
    case leftWhole
    /// No tensor is known that reads the channels of the axis; `tensors` is empty.
    case unread
    /// No tensor is known that writes the channels of the axis; `tensors` is empty.
    case unmade
    /// The tensors are on another axis than the cut tensor.
    case contradictory(axis: String, other: String)
    /// The tensors are left whole; their channels may be the cut channels joined with others.
    case joined(extent: Int)
    /// Keys and values are left whole and have fewer channels than the queries.
    case fewerHeads(extent: Int)
  }

  /// The tensors, in the order of the file.
  package let tensors: [TensorName]
  /// Their dimensions, ascending.
  package let dimensions: [Int]
  /// The tensor that is cut, and its dimension.
  package let cut: TensorName
  package let cutDimension: Int
  /// The extent of `cutDimension`.
  package let extent: Int
  /// The `--cut` entry that cuts them in the same way, such as `bn1.*=conv1`; for `unread` and `unmade`, the axis.
  package let option: String
  package let kind: Kind

  /// The beginning of the advice: only `plan` has the option `--cut`.
  package enum Advice: String {
    case add
    case planAgain = "plan the weights again with"
  }

  /// One sentence with the advice. The new entry must come before the others, because the first entry that matches a
  /// tensor is used.
  package func sentence(_ advice: Advice) -> String {
    let add = advice.rawValue
    let channels = "the \(extent) channels of \(cut.quoted) dimension \(cutDimension)"
    let more = tensors.count > 1 ? " (and \(tensors.count - 1) more alike)" : ""
    let numbers = dimensions.map(String.init).joined(separator: " and ")
    let place = "\(tensors.first?.quoted ?? "") dimension\(dimensions.count > 1 ? "s" : "") \(numbers)"
    switch kind {
    case .unread:
      return
        "\(channels) are cut, but no tensor reads them; \(add) a --cut for the tensor that reads axis '\(option)'"
    case .unmade:
      return
        "\(channels) are cut, but no tensor makes them; \(add) a --cut for the tensor that makes axis '\(option)'"
    case .leftWhole:
      let subject =
        tensors.count > 1
        ? "\(tensors.first?.quoted ?? "") and \(tensors.count - 1) more are"
        : "\(place) \(dimensions.count > 1 ? "are" : "is")"
      return "\(channels) are cut, \(subject) left whole; \(add) --cut '\(option)' before the others"
    case .contradictory(let axis, let other):
      return "\(channels) lie on axis '\(axis)', but \(place) lies on axis '\(other)'\(more); "
        + "\(add) --cut '\(option)' before the others"
    case .joined(let whole):
      return
        "\(channels) are cut, \(place) is left whole, and its \(whole) channels may be these and "
        + "\(whole - extent) others, joined\(more); if they are, \(add) --cut '\(option)' before the others, with the "
        + "parts in the order in which they are joined"
    case .fewerHeads(let whole):
      return "\(channels) are cut, \(place) with \(whole) channels is left whole\(more); "
        + "keys and values have fewer heads than queries; if a key head has N channels, "
        + "\(add) --cut '\(option)' and the same for each of the other keys and values, before the other entries"
    }
  }
}

extension DimensionPlacement {
  /// The names of the axes on the dimension, in order; empty if it is whole.
  package var axes: [AxisName] {
    switch self {
    case .whole: []
    case .axis(let use), .compact(let use): [use.axis]
    case .concat(let parts): parts.compactMap { if case .axis(let use) = $0 { use.axis } else { nil } }
    }
  }

  /// The dimension in the notation of `--cut`: `-`, `3*heads*64`, `a+16+b`, `last:compact`.
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
