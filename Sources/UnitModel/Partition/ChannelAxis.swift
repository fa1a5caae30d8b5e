/// A named axis of feature maps, cut into units. Each channel belongs to one unit or to all sub-networks.
///
/// Dimensions that must be cut in the same way are on the same axis: a convolution's outputs, the norm after it, the
/// next convolution's inputs, and everything that a residual addition joins.
public struct ChannelAxis: Hashable, Sendable {
  /// The axis's name, unique in its partition.
  public let name: AxisName
  /// The number of channels, at least 1.
  public let size: Int
  /// The channels of each unit; a unit may have no channels on this axis.
  public let units: [ChannelRanges]
  /// Channels that belong to every sub-network.
  public let common: ChannelRanges
  /// The length of the channel runs that must stay in one unit, such as a head's width; 1 if channels can be separated.
  public let granule: Int
  /// All channels, as ascending runs with their owners; neighbouring runs have different owners.
  public let runs: [ChannelRun]

  /// An axis in which every channel is in exactly one unit or common, and no granule is divided.
  ///
  /// Throws `PlanError.outOfRange`, `.channelOutOfRange`, `.channelTwice`, `.channelMissing` or `.granuleDivided`.
  public init(
    name: AxisName, size: Int, units: [ChannelRanges], common: ChannelRanges = ChannelRanges(),
    granule: Int = 1
  ) throws(PlanError) {
    guard size >= 1, size <= ChannelAxis.sizeLimit else {
      throw .outOfRange(
        place: "axis \(name.quoted)", expected: "a size from 1 to \(ChannelAxis.sizeLimit)", found: "\(size)")
    }
    guard granule >= 1 else {
      throw .outOfRange(
        place: "axis \(name.quoted)", expected: "a granule of at least 1", found: "\(granule)")
    }
    guard size % granule == 0 else {
      throw .granuleDivided(axis: name, granule: granule, found: "\(size) channels")
    }
    self.name = name
    self.size = size
    self.units = units
    self.common = common
    self.granule = granule
    self.runs = try ChannelAxis.runs(name: name, size: size, units: units, common: common, granule: granule)
  }

  /// The most channels of an axis: 2^40, so that computing positions cannot overflow.
  public static let sizeLimit = 1 << 40

  /// Whether no unit has a channel here, so that nothing is cut along this axis.
  public var isWhole: Bool { common.count == size }

  /// The channels of a unit; empty for a unit that the axis does not have.
  public func channels(of unit: UnitID) -> ChannelRanges {
    units.indices.contains(unit.index) ? units[unit.index] : ChannelRanges()
  }

  /// The unit of a channel; nil for a common channel.
  func unit(of channel: Int) -> UnitID? {
    var (low, high) = (0, runs.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].channels.upperBound <= channel { low = middle + 1 } else { high = middle }
    }
    return runs[low].unit
  }

  private static func runs(
    name: AxisName, size: Int, units: [ChannelRanges], common: ChannelRanges, granule: Int
  ) throws(PlanError) -> [ChannelRun] {
    var runs = common.ranges.map { ChannelRun(unit: nil, channels: $0) }
    for (index, unit) in units.enumerated() {
      runs += unit.ranges.map { ChannelRun(unit: UnitID(index), channels: $0) }
    }
    runs.sort { $0.channels.lowerBound < $1.channels.lowerBound }
    var next = 0
    for run in runs {
      if run.channels.lowerBound < 0 || run.channels.upperBound > size {
        let outside = run.channels.lowerBound < 0 ? run.channels.lowerBound : run.channels.upperBound - 1
        throw .channelOutOfRange(axis: name, channel: outside, size: size)
      }
      if run.channels.lowerBound < next { throw .channelTwice(axis: name, channel: run.channels.lowerBound) }
      if run.channels.lowerBound > next { throw .channelMissing(axis: name, channel: next) }
      // Two runs of the same owner never touch, so the owner changes at the start of every run.
      if run.channels.lowerBound % granule != 0 {
        throw .granuleDivided(
          axis: name, granule: granule, found: "a cut before channel \(run.channels.lowerBound)")
      }
      next = run.channels.upperBound
    }
    if next < size { throw .channelMissing(axis: name, channel: next) }
    return runs
  }
}

/// Neighbouring channels with the same owner.
public struct ChannelRun: Hashable, Sendable {
  /// The unit that owns them; nil for common channels.
  public let unit: UnitID?
  /// The channel numbers.
  public let channels: Range<Int>
}
