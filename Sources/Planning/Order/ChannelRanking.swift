internal import StrictJSON
internal import Tensors
public import UnitModel

/// Channels of axes, best first, as a file gives them.
///
/// The document is an object with a list of channel numbers for each axis: `{"experts0": [5, 1], "experts1": [0, 7]}`.
/// With the name of a group, keys are the numbers of layers: `{"0": [5, 1], "1": [0, 7]}`, or a list has an item for
/// each layer: `[[5, 1], [0, 7]]`. In such a list, `null` and empty items are for layers without the axis. A list may
/// name some channels only; the others follow in ascending order.
public struct ChannelRanking: Hashable, Sendable {
  /// The file, for messages.
  let path: String
  /// The group whose axes the keys number; nil if keys are names of axes.
  let group: String?
  /// The channels for each key.
  let lists: [List]

  struct List: Hashable {
    let key: String
    let channels: [Int]
  }

  /// Parses a document; throws `PlanError` with the place of the first defect.
  public init(parsing bytes: [UInt8], path: String, group: String?) throws(PlanError) {
    let value: JSONValue
    do throws(JSONError) { value = try JSONParser(sizeLimit: Self.sizeLimit).parse(bytes) } catch {
      throw .json(error)
    }
    let document = PlanNode(value: value, place: "")
    var lists: [List] = []
    if group != nil, case .array = value {
      for (number, item) in try document.array().enumerated() {
        if case .null = item.value { continue }
        let channels = try Self.channels(item)
        if !channels.isEmpty { lists.append(List(key: "\(number)", channels: channels)) }
      }
    } else {
      for member in try document.members().members {
        let item = document.named(member.key, member.value)
        lists.append(List(key: member.key, channels: try Self.channels(item)))
      }
    }
    self.path = path
    self.group = group
    self.lists = lists
  }

  /// The largest document in bytes.
  public static let sizeLimit = 64 << 20

  private static func channels(_ node: PlanNode) throws(PlanError) -> [Int] {
    var channels: [Int] = []
    var seen: Set<Int> = []
    for item in try node.array() {
      let channel = try item.integer(in: 0...ChannelAxis.sizeLimit - 1, "the number of a channel")
      guard seen.insert(channel).inserted else {
        throw .outOfRange(place: item.place, expected: "each channel once", found: "\(channel) again")
      }
      channels.append(channel)
    }
    return channels
  }

  /// The axes of the group that have no list; empty for lists by names of axes.
  func missing(among axes: [ChannelAxis], _ templates: [String]) throws(PlanningError) -> [AxisName] {
    guard group != nil, let template = NamePattern(try template(among: templates)) else { return [] }
    var known: Set<AxisName> = []
    for list in lists { known.insert(try axis(list.key, among: templates)) }
    return axes.map(\.name).filter { template.match($0.text) != nil && !known.contains($0) }
  }

  /// The name of the axis for a key.
  func axis(_ key: String, among templates: [String]) throws(PlanningError) -> AxisName {
    if group == nil { return AxisName(key) }
    return AxisName(try template(among: templates).replacing("{}", with: key, maxReplacements: 1))
  }

  /// The axes of the group; throws if several encoders have a group of this name.
  private func template(among templates: [String]) throws(PlanningError) -> String {
    let own = (group ?? "") + "{}"
    let found = templates.filter { $0 == own || $0.hasSuffix("." + own) }
    guard found.count <= 1 else {
      throw .badOption(
        option: "--order", text: path,
        expected: "names of axes as keys, because several stacks have a group '\(group ?? "")'",
        found: "numbers of layers")
    }
    return found.first ?? own
  }
}

/// How `tessera plan --order` sorts channels before it divides them among units.
public enum OrderOption: Hashable, Sendable {
  /// By the weights that make each channel and those that read it.
  case importance
  /// By a file; `group` numbers its keys.
  case file(String, group: String?)

  /// Parses `importance`, `FILE` or `GROUP=FILE`; throws `PlanningError.badOption`.
  public init(parsing text: String) throws(PlanningError) {
    if text == "importance" {
      self = .importance
      return
    }
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let (group, path) = parts.count == 2 ? (parts[0], parts[1]) : (nil, text)
    guard !path.isEmpty, group?.isEmpty != true, path.lowercased().hasSuffix(".json") else {
      throw .badOption(
        option: "--order", text: text, expected: "importance, FILE.json or GROUP=FILE.json",
        found: "'\(text)'")
    }
    self = .file(path, group: group)
  }
}
