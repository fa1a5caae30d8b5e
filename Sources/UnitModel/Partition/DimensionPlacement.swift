/// The placement of a tensor's dimension on the channel axes.
public enum DimensionPlacement: Hashable, Sendable {
  /// The dimension is not cut.
  case whole
  /// The dimension has every channel of an axis.
  case axis(AxisUse)
  /// The dimension has only the channels of its own level, so it is stored whole.
  case compact(AxisUse)
  /// The dimension has several parts, one after another.
  case concat([ConcatPart])
}

/// One part of a concatenated dimension.
public enum ConcatPart: Hashable, Sendable {
  /// Every channel of an axis.
  case axis(AxisUse)
  /// Positions that every sub-network has.
  case uncut(size: Int)
}

/// An axis on a dimension, with repetitions: position = (o′ · size + channel) · inner + i′, with o′ < outer and i′ <
/// inner.
///
/// For a flatten, `inner` is the number of positions h·w; for a head, its width. `outer` is 4 for the gates of an LSTM
/// and 3 for a fused QKV.
public struct AxisUse: Hashable, Sendable {
  /// The axis's name.
  public let axis: AxisName
  /// The number of positions for each channel, at least 1.
  public let inner: Int
  /// The number of times that all channels are repeated, at least 1.
  public let outer: Int

  /// An axis with its repetitions; by default, each channel has one position.
  public init(_ axis: AxisName, inner: Int = 1, outer: Int = 1) {
    self.axis = axis
    self.inner = inner
    self.outer = outer
  }

  /// The number of positions for this many channels; nil if it overflows or a factor is below 1.
  public func positions(channels: Int) -> Int? {
    guard inner >= 1, outer >= 1 else { return nil }
    let (inside, first) = channels.multipliedReportingOverflow(by: inner)
    let (all, second) = inside.multipliedReportingOverflow(by: outer)
    return first || second ? nil : all
  }
}
