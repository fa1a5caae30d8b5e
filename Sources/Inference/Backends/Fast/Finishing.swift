internal import CKernels
internal import ONNXGraph

/// The last pass of kernels: bias, residual and activation.
enum Finishing {
  /// y[i] ← activation(y[i] + bias + residual[i])
  static func apply(
    _ y: UnsafeMutablePointer<Float>, count: Int, bias: Float, residual: UnsafePointer<Float>?,
    _ activation: LaneFunction
  ) {
    if activation == .identity, bias == 0, residual == nil { return }
    Products.kernels.finish(y, count, bias, residual, activation.kernel, activation.p, activation.q)
  }

  /// y ← activation(y + residual), for a whole binary32 tensor.
  static func apply(_ epilogue: Epilogue, to y: Tensor) {
    guard y.type == .float else { return }
    apply(
      y.values(Float.self).base, count: y.count, bias: 0,
      residual: epilogue.residual.map { UnsafePointer($0.values(Float.self).base) }, epilogue.activation)
  }

  /// Whether all numbers are finite.
  static func isFinite(_ y: UnsafePointer<Float>, count: Int) -> Bool {
    Products.kernels.is_finite(y, count) != 0
  }

  /// Whether no number is NaN.
  static func hasNoNaN(_ y: UnsafePointer<Float>, count: Int) -> Bool {
    Products.kernels.has_no_nan(y, count) != 0
  }
}
