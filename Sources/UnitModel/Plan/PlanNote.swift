public import Tensors

/// A note for a plan's author: the plan is valid, but has less effect than it seems.
public enum PlanNote: Hashable, Sendable, CustomStringConvertible {
  /// The axis has fewer channels, or granules, than there are units, so all of them are common.
  case axisWhole(axis: AxisName, granules: Int, granule: Int, unitCount: Int)
  /// Earlier entries match every tensor that this entry matches.
  case entryShadowed(place: String, pattern: String)
  /// No entry matches the tensor; it gets the cut and the scope of a tensor to which it is tied.
  case followsTie(tensor: TensorName, original: TensorName)

  /// One sentence.
  public var description: String {
    switch self {
    case .axisWhole(let axis, let granules, let granule, let unitCount):
      "axis \(axis.quoted) stays whole: it has \(granules) "
        + (granule == 1 ? "channels" : "granules of \(granule) channels") + " for \(unitCount) units"
    case .entryShadowed(let place, let pattern):
      "\(place) has no effect: entries before it match everything that \(TensorName(pattern).quoted) does"
    case .followsTie(let tensor, let original):
      "tensor \(tensor.quoted) follows \(original.quoted), which it is tied to"
    }
  }
}
