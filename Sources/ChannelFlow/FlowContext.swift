package import Inference
internal import ONNXGraph

/// What is the same for all nodes of a walk.
package final class FlowContext {
  package let labels: ChannelLabels
  package let small: SmallValues
  package let path: String
  package var options = FlowOptions()
  /// Nodes that a plan could not be held against, each with the reason: everything that meets them is whole.
  package var stopped: [Int: String] = [:]
  /// The names of the graph's values, which new ones must not have.
  var names: Set<String> = []
  /// Units that grouped convolutions are cut for: by groups where there are as many.
  package var unitCount = 1

  package init(labels: ChannelLabels, small: SmallValues, path: String) {
    self.labels = labels
    self.small = small
    self.path = path
  }

  /// The extents of a value in the dense sub-network; nil where they are not known.
  ///
  /// While a plan is looked for, a cut extent is a number that no network has, so that what depends on it shows.
  package func denseShape(_ value: FlowValue) -> [Int]? {
    guard var shape = value.shape else { return nil }
    for factor in value.factors {
      guard factor.dimensions.count == 1, shape.indices.contains(factor.dimensions[0]) else { return nil }
      if labels.isChecking {
        shape[factor.dimensions[0]] = keptCount(factor.labels)
      } else if factor.labels.contains(where: { labels.find($0) > 0 }) {
        shape[factor.dimensions[0]] += 7919
      }
    }
    return shape
  }

  /// For each position of a list how many before it the sub-network has; behind them how many there are.
  func keptBefore(_ list: [ChannelLabel], at node: String) throws(FlowError) -> [Int] {
    if let known = ranks.first(where: { $0.list.isSameList(list) }) { return known.before }
    try spend(list.count, at: node)
    var before = [0]
    before.reserveCapacity(list.count + 1)
    for (place, label) in list.enumerated() { before.append(before[place] + (labels.isKept(label) ? 1 : 0)) }
    ranks = [(list, before)] + ranks.prefix(3)
    return before
  }

  /// How many positions of a list the sub-network has.
  func keptCount(_ list: [ChannelLabel]) -> Int {
    if let known = counts.first(where: { $0.list.isSameList(list) }) { return known.count }
    let count = list.count { labels.isKept($0) }
    counts = [(list, count)] + counts.prefix(3)
    return count
  }

  /// Lists that were last counted: nodes that hand one on ask for it again.
  private var ranks: [(list: [ChannelLabel], before: [Int])] = []
  private var counts: [(list: [ChannelLabel], count: Int)] = []

  /// Counts labels that are looked at one by one; throws when they are more than any network's.
  ///
  /// A plan that was found within the limit is held against the graph with twice as many.
  func spend(_ count: Int, at node: String) throws(FlowError) {
    if count == 0 { return }
    left -= count
    guard left >= (labels.isChecking ? -Self.labelLimit : 0) else {
      throw .exhausted(path: path, place: node)
    }
  }

  /// Labels that a walk may look at one by one. Those that it makes stay in memory, four bytes each.
  static let labelLimit = 1 << 24
  private var left = labelLimit
  /// Whether a node had more labels than were left: everything that meets it, or a node behind it, is whole.
  var isExhausted = false
}

/// What is cut, beyond the layers between the first and the last.
package struct FlowOptions: Sendable {
  /// Cut the outputs of the first layers too.
  package var cutsFirst = false
  /// Cut the network's outputs too.
  package var cutsLast = false

  package init() {}
}
