internal import Tensors

extension RearrangingReader {
  /// Reads a tensor with any strides. The caller must have checked that every element is inside the payload.
  ///
  /// - Parameter windowLimit: the most bytes of a window.
  convenience init(
    path: String, spec: TensorSpec, strides: TorchStrides, itemSize: Int, swapWidth: Int,
    payload: any NpyPayload, windowLimit: Int = RearrangingReader.windowLimit
  ) {
    self.init(
      path: path, spec: spec, start: strides.offset * itemSize, swapWidth: swapWidth, payload: payload,
      gather: strides.isContiguous
        ? nil : StridedGather(strides, itemSize: itemSize, limit: windowLimit),
      windowLimit: windowLimit)
  }
}
