/// Channel numbers as ascending, disjoint ranges that do not touch each other.
public struct ChannelRanges: Hashable, Sendable {
  /// The ranges, none of them empty, each beginning after the one before has ended and left a gap.
  public let ranges: [Range<Int>]
  /// How many channels the ranges hold.
  public let count: Int

  /// No channel.
  public init() {
    ranges = []
    count = 0
  }

  /// The channels of one range.
  public init(_ range: Range<Int>) { self.init(joining: [range]) }

  /// The channels of ranges that ascend and do not overlap; ranges that touch become one, empty ones vanish. Nil
  /// when they do not ascend.
  public init?(ascending pieces: [Range<Int>]) {
    var end = Int.min
    for piece in pieces {
      if piece.lowerBound < end { return nil }
      end = piece.upperBound
    }
    self.init(joining: pieces)
  }

  /// The channels with these numbers, in any order. A number that comes twice is returned instead.
  static func of(_ channels: [Int]) -> (ranges: ChannelRanges, twice: Int?) {
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

  /// Ranges known to ascend: touching ones are joined, empty ones dropped.
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

  /// Every channel number, ascending. As long as the axis: for printing, not for arithmetic.
  public var channels: [Int] { ranges.flatMap { Array($0) } }

  /// The channels of 0..<`size` that are not here.
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

  /// Hands these channels out in order: `counts[0]` to the first, and so on. The counts' sum must not be over
  /// `count`.
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
