extension ChannelAxis {
  /// An axis cut into `unitCount` parts that are as equal as possible.
  ///
  /// Let n = q·k + r be the number of channels that are not common. The first r of the k units get q + 1 channels and
  /// the others q, in order. With a granule, n counts granules. With n < k the axis stays whole: all its channels are
  /// common.
  public static func equal(
    name: AxisName, size: Int, unitCount: Int, common: ChannelRanges = ChannelRanges(), granule: Int = 1
  ) throws(PlanError) -> ChannelAxis {
    // If the size or the granule is wrong, the checked initialiser of a whole axis throws the error.
    let free = common.complement(in: size)
    let none = [ChannelRanges](repeating: ChannelRanges(), count: max(unitCount, 0))
    guard size >= 1, size <= sizeLimit, granule >= 1, size % granule == 0, unitCount >= 1,
      free.count / granule >= unitCount
    else {
      let all = ChannelRanges(0..<max(size, 0))
      let whole = try ChannelAxis(name: name, size: size, units: none, common: all, granule: granule)
      // Common channels outside the axis are also an error if the axis is whole.
      if let last = common.ranges.last, last.upperBound > size {
        throw .channelOutOfRange(axis: name, channel: last.upperBound - 1, size: size)
      }
      return whole
    }
    let granules = free.count / granule
    let (quotient, remainder) = granules.quotientAndRemainder(dividingBy: unitCount)
    let counts = (0..<unitCount).map { (quotient + ($0 < remainder ? 1 : 0)) * granule }
    return try ChannelAxis(
      name: name, size: size, units: free.dealt(counts), common: common, granule: granule)
  }

  /// An axis whose units get these numbers of channels, in order; common channels do not count.
  ///
  /// Throws `PlanError.sizesDisagree` unless the sizes and the common channels add up to `size`.
  public static func sized(
    name: AxisName, size: Int, sizes: [Int], common: ChannelRanges = ChannelRanges(), granule: Int = 1
  ) throws(PlanError) -> ChannelAxis {
    var sum = 0
    for size in sizes {
      let (next, overflow) = sum.addingReportingOverflow(size)
      if size < 0 || overflow {
        throw .outOfRange(
          place: "axis \(name.quoted)", expected: "unit sizes of at least 0", found: "\(size)")
      }
      sum = next
    }
    let free = common.complement(in: size)
    if sum != free.count { throw .sizesDisagree(axis: name, expected: free.count, found: sum) }
    return try ChannelAxis(name: name, size: size, units: free.dealt(sizes), common: common, granule: granule)
  }
}
