package import ONNXGraph

extension FlatWeightsSource {
  /// The graph that was decoded to find the weights; nil for formats without a graph.
  package var graph: Model? { (self as? ONNXSource)?.model }
}
