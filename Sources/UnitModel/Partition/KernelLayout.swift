package import Tensors

extension TensorSpec {
  /// The dimension of the outputs of a kernel of Keras or Flax, [height, width, in, out]; nil for tensors with other names.
  ///
  /// A depthwise kernel is [height, width, channels, 1]. A dense kernel is [in, out].
  package var kernelOutput: Int? {
    guard name.text.hasSuffix("kernel"), shape.count > 1 else { return nil }
    let last = shape.count - 1
    return last > 1 && shape[last] == 1 ? last - 1 : last
  }
}
