package import ONNXGraph

extension FlatWeightsSource {
  /// The graph that the weights are of, as it was decoded to find them; nil for tensors alone.
  package var graph: Model? { (self as? ONNXSource)?.model }
}
