public import UnitModel

/// The properties of an axis as one text: the value of `--axis`.
///
/// `NAME:key=value,key=value`, with the keys
///
/// | key | value |
/// |---|---|
/// | `size` | the number of channels; by default that of the tensors |
/// | `granule` | channels that stay together: the width of a head |
/// | `units` | `384+384+300+468`: how many channels each unit gets; `0-3+9/4-8/10-11`: which channels it gets |
/// | `common` | `0-7+12`: channels of every sub-network |
/// | `modules` | `yes`: each channel is a module by itself, such as an expert |
public struct AxisOption: Hashable, Sendable {
  /// The name of the axis, or a template for several axes.
  public let name: NamePattern
  /// The number of channels.
  public var size: Int?
  /// The number of channels that stay together.
  public var granule: Int?
  /// The channels of each unit.
  public var cut: PlanAxis.Cut?
  /// Channels that every sub-network has.
  public var common: ChannelRanges?
  /// Whether each channel is a module by itself.
  public var isOfModules = false

  init(name: NamePattern, size: Int? = nil, granule: Int? = nil) {
    self.name = name
    self.size = size
    self.granule = granule
  }

  /// Parses the option; throws `PlanningError.badOption`.
  public init(parsing text: String) throws(PlanningError) {
    let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count == 2, let name = NamePattern(halves[0].trimmed), !name.text.isEmpty,
      name.starCount == 0
    else {
      throw AxisOption.bad(
        text, expected: "NAME:key=value,… with a name without '*'",
        found: halves.count == 2 ? "the name '\(halves[0].trimmed)'" : "no ':'")
    }
    self.init(name: name)
    var seen: Set<String> = []
    for item in halves[1].split(separator: ",", omittingEmptySubsequences: false) {
      let pair = item.split(separator: "=", omittingEmptySubsequences: false).map(\.trimmed)
      guard pair.count == 2 else { throw AxisOption.bad(text, expected: "key=value", found: "'\(item)'") }
      guard seen.insert(pair[0]).inserted else {
        throw AxisOption.bad(text, expected: "each key once", found: "'\(pair[0])' twice")
      }
      switch pair[0] {
      case "size": size = try AxisOption.number(pair[1], of: text)
      case "granule": granule = try AxisOption.number(pair[1], of: text)
      case "units": cut = try AxisOption.cut(pair[1], of: text)
      case "modules":
        guard pair[1] == "yes" else {
          throw AxisOption.bad(text, expected: "modules=yes", found: "'\(item)'")
        }
        isOfModules = true
      case "common": common = try AxisOption.channels(pair[1], of: text)
      default:
        throw AxisOption.bad(
          text, expected: "one of the keys size, granule, units, common, modules", found: "'\(pair[0])'")
      }
    }
  }

  private static func number(_ value: String, of text: String) throws(PlanningError) -> Int {
    guard let number = Int(value), number >= 1, number <= ChannelAxis.sizeLimit else {
      throw bad(text, expected: "a number of at least 1", found: "'\(value)'")
    }
    return number
  }

  private static func cut(_ value: String, of text: String) throws(PlanningError) -> PlanAxis.Cut {
    // Only a list of channels can contain a dash or a slash.
    guard value.contains("/") || value.contains("-") else {
      var sizes: [Int] = []
      for item in value.split(separator: "+", omittingEmptySubsequences: false) {
        guard let size = Int(item.trimmed), size >= 0 else {
          throw bad(text, expected: "unit sizes such as 384+384", found: "'\(value)'")
        }
        sizes.append(size)
      }
      return .sizes(sizes)
    }
    var units: [ChannelRanges] = []
    for unit in value.split(separator: "/", omittingEmptySubsequences: false) {
      units.append(unit.trimmed.isEmpty ? ChannelRanges() : try channels(String(unit), of: text))
    }
    return .channels(units)
  }

  /// Parses `0-3+9`: ranges that include both ends, in any order; no channel may occur twice.
  private static func channels(_ value: String, of text: String) throws(PlanningError) -> ChannelRanges {
    var ranges: [Range<Int>] = []
    for item in value.split(separator: "+", omittingEmptySubsequences: false) {
      let ends = item.split(separator: "-", omittingEmptySubsequences: false).map { Int($0.trimmed) }
      guard (1...2).contains(ends.count), let first = ends.first ?? nil, let last = ends.last ?? nil,
        first >= 0,
        first <= last, last < ChannelAxis.sizeLimit
      else { throw bad(text, expected: "channels such as 0-3+9", found: "'\(item)'") }
      ranges.append(first..<(last + 1))
    }
    guard let channels = ChannelRanges(ascending: ranges.sorted { $0.lowerBound < $1.lowerBound }) else {
      throw bad(text, expected: "each channel once", found: "'\(value)'")
    }
    return channels
  }

  private static func bad(_ text: String, expected: String, found: String) -> PlanningError {
    .badOption(option: "--axis", text: text, expected: expected, found: found)
  }

  /// The axis of the plan.
  var planAxis: PlanAxis {
    PlanAxis(
      name: name, size: size, cut: cut ?? .equal, common: common ?? ChannelRanges(), granule: granule ?? 1,
      isOfModules: isOfModules)
  }
}
