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
        shape[factor.dimensions[0]] = factor.labels.count { labels.isKept($0) }
      } else if factor.labels.contains(where: { labels.find($0) > 0 }) {
        shape[factor.dimensions[0]] += 7919
      }
    }
    return shape
  }

  /// Counts labels that are looked at; false when they are more than any network's.
  func spend(_ count: Int) -> Bool {
    left -= count
    return left >= 0
  }

  /// Labels that a walk may look at. They stay in memory, four bytes each, some times over.
  static let labelLimit = 1 << 24
  private var left = labelLimit
}

/// What is cut, beyond the layers between the first and the last.
package struct FlowOptions: Sendable {
  /// Cut the outputs of the first layers too.
  package var cutsFirst = false
  /// Cut the network's outputs too.
  package var cutsLast = false

  package init() {}
}
