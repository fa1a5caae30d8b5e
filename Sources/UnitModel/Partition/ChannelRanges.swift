/// Channel numbers as ascending, disjoint ranges that do not touch each other.
public struct ChannelRanges: Hashable, Sendable {
  /// The ranges: ascending, not empty, with a gap between neighbours.
  public let ranges: [Range<Int>]
  /// The number of channels in the ranges.
  public let count: Int

  /// No channels.
  public init() {
    ranges = []
    count = 0
  }

  /// The channels of one range.
  public init(_ range: Range<Int>) { self.init(joining: [range]) }

  /// The channels of ranges that ascend and do not overlap; nil for other ranges. Touching ranges are joined, and empty
  /// ones dropped.
  public init?(ascending pieces: [Range<Int>]) {
    var end = Int.min
    for piece in pieces {
      if piece.lowerBound < end { return nil }
      end = piece.upperBound
    }
    self.init(joining: pieces)
  }

  /// The channels with these numbers, in any order. If a number occurs twice, the result has no channels and this
  /// number.
  package static func of(_ channels: [Int]) -> (ranges: ChannelRanges, twice: Int?) {
    var pieces: [Range<Int>] = []
    for channel in channels.sorted() where channel >= 0 && channel < Int.max {
      if let last = pieces.last, last.upperBound > channel { return (ChannelRanges(), channel) }
      if let last = pieces.last, last.upperBound == channel {
        pieces[pieces.count - 1] = last.lowerBound..<(channel + 1)
      } else {
        pieces.append(channel..<(channel + 1))
      }
    }
    return (ChannelRanges(joining: pieces), nil)
  }

  /// Ranges that are known to ascend; touching ranges are joined, and empty ones dropped.
  private init(joining pieces: [Range<Int>]) {
    var joined: [Range<Int>] = []
    var count = 0
    for piece in pieces where !piece.isEmpty {
      count += piece.count
      if let last = joined.last, last.upperBound == piece.lowerBound {
        joined[joined.count - 1] = last.lowerBound..<piece.upperBound
      } else {
        joined.append(piece)
      }
    }
    ranges = joined
    self.count = count
  }

  /// Whether there is no channel.
  public var isEmpty: Bool { ranges.isEmpty }

  /// Every channel number, ascending. It can be as long as the axis, so it is only for printing.
  public var channels: [Int] { ranges.flatMap { Array($0) } }

  /// The channels of 0..<`size` that are not in the ranges.
  func complement(in size: Int) -> ChannelRanges {
    var rest: [Range<Int>] = []
    var start = 0
    for range in ranges where range.lowerBound < size {
      if range.lowerBound > start { rest.append(start..<range.lowerBound) }
      start = Swift.max(start, range.upperBound)
    }
    if start < size { rest.append(start..<size) }
    return ChannelRanges(joining: rest)
  }

  /// Distributes the channels in order: the first `counts[0]` channels, then the next `counts[1]`, and so on. The sum
  /// of the counts is at most `count`.
  func dealt(_ counts: [Int]) -> [ChannelRanges] {
    var pending = ranges[...]
    return counts.map { count in
      var wanted = count
      var taken: [Range<Int>] = []
      while wanted > 0, let first = pending.popFirst() {
        let take = Swift.min(wanted, first.count)
        taken.append(first.lowerBound..<(first.lowerBound + take))
        wanted -= take
        if take < first.count { pending = [(first.lowerBound + take)..<first.upperBound] + pending }
      }
      return ChannelRanges(joining: taken)
    }
  }
}
