internal import CKernels

/// A function of one binary32 number that a kernel computes, with its parameters.
struct LaneFunction: Sendable, Equatable {
  let kernel: tessera_function
  var p: Float = 0
  var q: Float = 0

  static let identity = LaneFunction(kernel: tessera_identity)
  static let exp = LaneFunction(kernel: tessera_exp)
  static let tanh = LaneFunction(kernel: tessera_tanh)
  static let erf = LaneFunction(kernel: tessera_erf)
  static let sigmoid = LaneFunction(kernel: tessera_sigmoid)
  static let gelu = LaneFunction(kernel: tessera_gelu)
  static let geluTanh = LaneFunction(kernel: tessera_gelu_tanh)
  static let sqrt = LaneFunction(kernel: tessera_sqrt)
  static let reciprocal = LaneFunction(kernel: tessera_reciprocal)
  static let negative = LaneFunction(kernel: tessera_negative)
  static let absolute = LaneFunction(kernel: tessera_absolute)
  static let square = LaneFunction(kernel: tessera_square)
  static let hardSwish = LaneFunction(kernel: tessera_hard_swish)
  static let relu = clamp(low: 0, high: .infinity)

  /// min(max(x, low), high); NaN stays.
  static func clamp(low: Float, high: Float) -> LaneFunction {
    LaneFunction(kernel: tessera_clamp, p: low, q: high)
  }

  /// x for x ≥ 0, otherwise slope · x.
  static func leaky(slope: Float) -> LaneFunction { LaneFunction(kernel: tessera_leaky, p: slope) }

  /// min(max(slope · x + shift, 0), 1)
  static func hardSigmoid(slope: Float, shift: Float) -> LaneFunction {
    LaneFunction(kernel: tessera_hard_sigmoid, p: slope, q: shift)
  }

  /// x / (1 + e^(−scale · x))
  static func swish(scale: Float) -> LaneFunction { LaneFunction(kernel: tessera_swish, p: scale) }
}
