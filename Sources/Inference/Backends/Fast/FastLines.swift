internal import CKernels
internal import ONNXGraph

/// Operators on contiguous lines of numbers, on all threads.
enum FastLines {
  /// Nil for other types than F32, F16 and BF16.
  static func softmax(
    _ call: OperatorCall, _ x: Tensor, extent: Int, isLog: Bool
  ) throws(OperatorError) -> Tensor? {
    guard let from = LaneAccess(x) else { return nil }
    let y = try call.make(x.type, x.shape)
    guard x.count > 0, let to = LaneAccess(y) else { return y }
    let scratch = try Scratch(
      to.form == nil ? 0 : extent, workers: to.form == nil ? 1 : call.backend.threads, call.budget)
    FastElementwise.rows(x.count / extent, extent: extent, call) { row, worker in
      let memory = scratch[to.form == nil ? 0 : worker]
      Products.kernels.softmax(
        from.numbers(row * extent, count: extent, memory), to.results(row * extent, memory), extent,
        isLog ? 1 : 0)
      to.finish(row * extent, count: extent, memory)
    }
    return y
  }

  /// (x − mean) / √(variance + epsilon) · scale + shift for each line, with its mean and 1/√(variance + epsilon); without
  /// centring, the mean is 0. Lines are along `axis` and all axes after it. Nil if the kernel does not compute it: other
  /// types, or a scale of another shape.
  static func normalised(
    _ call: OperatorCall, _ x: Tensor, axis: Int, scale: Tensor, shift: Tensor?, epsilon: Double,
    centres: Bool = true, means: Tensor, factors: Tensor
  ) throws(OperatorError) -> Tensor? {
    let line = Array(x.shape[axis...])
    let extent = line.product
    guard call.backend.vectorises, x.count > 0, x.type == .float, fits(scale), shift.map(fits) ?? true else {
      return nil
    }
    func fits(_ tensor: Tensor) -> Bool { tensor.type == .float && tensor.shape == line }
    let y = try call.make(.float, x.shape)
    let (from, to) = (x.values(Float.self), y.values(Float.self))
    let (scales, shifts) = (scale.values(Float.self), shift?.values(Float.self))
    let (mean, factor) = (means.values(Float.self), factors.values(Float.self))
    FastElementwise.rows(x.count / extent, extent: extent, call) { row, _ in
      Products.kernels.normalise(
        from.base + row * extent, to.base + row * extent, extent, scales.base, shifts?.base, Float(epsilon),
        centres ? 1 : 0, mean.base + row, factor.base + row)
    }
    return y
  }
}
