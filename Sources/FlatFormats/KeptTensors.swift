package import Tensors

/// The tensors of a sub-network, and the positions that they keep of the whole model's tensors.
package struct KeptTensors {
  /// The tensors with the shapes of the sub-network.
  package let specs: [TensorSpec]
  /// The kept positions of a tensor's dimension, as ascending runs; nil for all of them.
  package let runs: (TensorName, Int) -> [Range<Int>]?

  package init(specs: [TensorSpec], runs: @escaping (TensorName, Int) -> [Range<Int>]?) {
    self.specs = specs
    self.runs = runs
  }
}
