/// The positions of one dimension, each assigned to a part.
///
/// Positions are stored as runs, so a dimension with a million positions in long runs takes only a few words.
public struct DimensionCut: Hashable, Sendable {
  /// The extent of the dimension.
  public let size: Int
  /// The parts with at least one position: common positions first, then by unit, then by the order of the axes.
  public let parts: [DimensionPart]
  /// The number of positions in each part.
  public let partSizes: [Int]
  /// All positions in ascending order; neighbours belong to different parts.
  public let segments: [Segment]

  /// A run of positions of one part.
  public struct Segment: Hashable, Sendable {
    /// An index of `parts`.
    public let part: Int
    /// The number of positions, at least 1.
    public let length: Int
  }

  /// The most runs of one dimension; an alternating cut of a million channels has far fewer.
  public static let segmentLimit = 1 << 22

  /// A cut from runs in ascending order. Each run has its part, and the place of its axis in the partition's list.
  init(runs: [(part: DimensionPart, order: Int, length: Int)]) {
    // There may be millions of runs, mostly of few parts; comparing with up to 16 parts is faster than hashing.
    var slots: [Int: Int] = [:]
    var met: [(part: DimensionPart, order: Int, unit: Int, key: Int, size: Int)] = []
    var segments: [Segment] = []
    var size = 0
    for run in runs where run.length > 0 {
      let unit = run.part.unit?.index ?? -1
      let key = unit < 0 ? -1 : run.order * Partition.unitLimit + unit
      var slot = met.count > 16 ? slots[key] ?? -1 : met.lastIndex { $0.key == key } ?? -1
      if slot < 0 {
        slot = met.count
        met.append((run.part, run.order, unit, key, 0))
        slots[key] = slot
      }
      met[slot].size += run.length
      size += run.length
      if let last = segments.last, last.part == slot {
        segments[segments.count - 1] = Segment(part: slot, length: last.length + run.length)
      } else {
        segments.append(Segment(part: slot, length: run.length))
      }
    }
    let sorted = met.indices.sorted { (met[$0].unit, met[$0].order) < (met[$1].unit, met[$1].order) }
    if sorted.enumerated().contains(where: { $0.offset != $0.element }) {
      var places = [Int](repeating: 0, count: met.count)
      for (place, slot) in sorted.enumerated() { places[slot] = place }
      segments = segments.map { Segment(part: places[$0.part], length: $0.length) }
    }
    self.size = size
    parts = sorted.map { met[$0].part }
    partSizes = sorted.map { met[$0].size }
    self.segments = segments
  }

  /// The positions of one part, ascending; empty if there is no such part.
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

/// The owner of positions of a dimension.
public enum DimensionPart: Hashable, Sendable {
  /// Positions that every sub-network has.
  case common
  /// Positions of one unit on one axis. If a dimension joins two axes, a unit has two parts.
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
