package import Inference
internal import ONNXGraph

/// What is the same for all nodes of a walk.
package final class FlowContext {
  package let labels: ChannelLabels
  package let small: SmallValues
  package let path: String
  package var options = FlowOptions()
  /// Units that grouped convolutions are cut for: by groups where there are as many.
  package var unitCount = 1

  package init(labels: ChannelLabels, small: SmallValues, path: String) {
    self.labels = labels
    self.small = small
    self.path = path
  }

  /// The extents of a value in the dense sub-network; nil where they are not known.
  package func denseShape(_ value: FlowValue) -> [Int]? {
    guard var shape = value.shape else { return nil }
    for factor in value.factors {
      guard factor.dimensions.count == 1 else { return nil }
      shape[factor.dimensions[0]] = factor.labels.count { labels.isKept($0) }
    }
    return shape
  }
}

/// What is cut, beyond the layers between the first and the last.
package struct FlowOptions: Sendable {
  /// Cut the outputs of the first layers too.
  package var cutsFirst = false
  /// Cut the network's outputs too.
  package var cutsLast = false

  package init() {}
}
