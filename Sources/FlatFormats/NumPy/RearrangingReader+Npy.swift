internal import Tensors

extension RearrangingReader {
  /// Reads a NumPy array.
  convenience init(header: NpyHeader, path: String, payload: any NpyPayload) {
    let spec = header.spec
    self.init(
      path: path, spec: spec, swapWidth: header.swapWidth, payload: payload,
      gather: header.isFortran
        ? FortranGather(shape: spec.shape, itemSize: spec.dtype.bytes ?? 1, limit: Self.windowLimit) : nil)
  }
}
