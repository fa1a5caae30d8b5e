/// The positions of one dimension, told off to parts.
///
/// Positions are kept as runs, so a dimension of a million positions in long runs costs a few words.
public struct DimensionCut: Hashable, Sendable {
  /// The extent of the dimension.
  public let size: Int
  /// The parts that have positions: common first, then by unit, then by the order of the axes.
  public let parts: [DimensionPart]
  /// How many positions each part has.
  public let partSizes: [Int]
  /// All positions in ascending order; neighbours belong to different parts.
  public let segments: [Segment]

  /// A run of positions of one part.
  public struct Segment: Hashable, Sendable {
    /// An index of `parts`.
    public let part: Int
    /// How many positions, at least 1.
    public let length: Int
  }

  /// The most runs one dimension may fall into; an alternating cut of a million channels stays far below.
  public static let segmentLimit = 1 << 22

  /// A cut from runs in ascending order, each with its part and the axis's place among the axes of the partition.
  init(runs: [(part: DimensionPart, order: Int, length: Int)]) {
    var orders: [DimensionPart: Int] = [:]
    for run in runs where run.length > 0 { orders[run.part] = run.order }
    let sorted = orders.sorted { a, b in
      (a.key.unit?.index ?? -1, a.value) < (b.key.unit?.index ?? -1, b.value)
    }
    var indexes: [DimensionPart: Int] = [:]
    for (index, part) in sorted.enumerated() { indexes[part.key] = index }
    var sizes = [Int](repeating: 0, count: sorted.count)
    var segments: [Segment] = []
    var size = 0
    for run in runs where run.length > 0 {
      guard let part = indexes[run.part] else { continue }
      sizes[part] += run.length
      size += run.length
      if let last = segments.last, last.part == part {
        segments[segments.count - 1] = Segment(part: part, length: last.length + run.length)
      } else {
        segments.append(Segment(part: part, length: run.length))
      }
    }
    self.size = size
    parts = sorted.map(\.key)
    partSizes = sizes
    self.segments = segments
  }

  /// The positions of one part, ascending; empty for a part there is not.
  public func positions(ofPart part: Int) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start = 0
    for segment in segments {
      if segment.part == part { ranges.append(start..<(start + segment.length)) }
      start += segment.length
    }
    return ranges
  }

  /// Whether every position is common, so that nothing is cut here.
  public var isCommon: Bool { parts == [.common] }
}

/// The owner of some positions of a dimension.
public enum DimensionPart: Hashable, Sendable {
  /// Positions of every sub-network.
  case common
  /// Positions of one unit on one axis; on a concatenation of two axes the same unit is two parts.
  case unit(UnitID, axis: AxisName)

  /// The unit, nil for common positions.
  public var unit: UnitID? {
    switch self {
    case .common: nil
    case .unit(let unit, _): unit
    }
  }

  /// The axis, nil for common positions.
  public var axis: AxisName? {
    switch self {
    case .common: nil
    case .unit(_, let axis): axis
    }
  }
}
