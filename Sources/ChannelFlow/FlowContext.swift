package import Inference
internal import ONNXGraph

/// The data that all nodes of a walk share.
package final class FlowContext {
  package let labels: ChannelLabels
  package let small: SmallValues
  package let path: String
  package var options = FlowOptions()
  /// Nodes at which a plan failed, with the reason. All labels that meet at such a node become whole.
  package var stopped: [Int: String] = [:]
  /// The names of the graph's values, which new values must not have.
  var names: Set<String> = []
  /// The number of units. A grouped convolution with at least as many groups is cut by groups.
  package var unitCount = 1

  package init(labels: ChannelLabels, small: SmallValues, path: String) {
    self.labels = labels
    self.small = small
    self.path = path
  }

  /// The extents of a value in the dense sub-network; nil if they are unknown.
  ///
  /// During planning, a number that no network has is added to each cut extent, so that values that depend on the
  /// extent differ.
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

  /// For each position of a list, the number of kept positions before it; after the last one, the total.
  func keptBefore(_ list: [ChannelLabel], at node: @autoclosure () -> String) throws(FlowError) -> [Int] {
    if let known = ranks.first(where: { $0.list.isSameList(list) }) { return known.before }
    try spend(list.count, at: node())
    var before = [0]
    before.reserveCapacity(list.count + 1)
    for (place, label) in list.enumerated() { before.append(before[place] + (labels.isKept(label) ? 1 : 0)) }
    ranks = [(list, before)] + ranks.prefix(3)
    return before
  }

  /// The number of positions of a list that the sub-network has.
  func keptCount(_ list: [ChannelLabel]) -> Int {
    if let known = counts.first(where: { $0.list.isSameList(list) }) { return known.count }
    let count = list.count { labels.isKept($0) }
    counts = [(list, count)] + counts.prefix(3)
    return count
  }

  /// The most recent results; nodes that pass a list on need the same result again.
  private var ranks: [(list: [ChannelLabel], before: [Int])] = []
  private var counts: [(list: [ChannelLabel], count: Int)] = []

  /// Counts labels that are processed one by one. Throws if there are more than `labelLimit`.
  ///
  /// A check of a plan may use twice as many labels as the search for it.
  func spend(_ count: Int, at node: @autoclosure () -> String) throws(FlowError) {
    if count == 0 { return }
    left -= count
    guard left >= (labels.isChecking ? -Self.labelLimit : 0) else {
      throw .exhausted(path: path, place: node())
    }
  }

  /// The most labels that a walk may process one by one. Labels that it makes stay in memory, four bytes each.
  static let labelLimit = 1 << 24
  private var left = labelLimit
  /// Whether a node exceeded the limit; then everything that meets it or a later node is whole.
  var isExhausted = false
}

/// Layers to cut besides those between the first and the last.
package struct FlowOptions: Sendable {
  /// Cut the outputs of the first layers too.
  package var cutsFirst = false
  /// Cut the network's outputs too.
  package var cutsLast = false

  package init() {}
}
