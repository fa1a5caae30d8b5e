/// What is done to each element of a result while it is still in the cache: y ← activation(y + residual).
struct Epilogue: Sendable {
  /// Of y's shape and type.
  let residual: Tensor?
  let activation: Activation

  static let none = Epilogue(residual: nil, activation: .identity)
}

/// A function of one number that an operator's result can go through.
enum Activation: Sendable, Equatable {
  case identity
  /// min(max(x, low), high); NaN stays.
  case clamp(low: Float, high: Float)
  /// x for x ≥ 0, slope · x below.
  case leaky(slope: Float)
  /// x · min(max(x/6 + 1/2, 0), 1)
  case hardSwish
}
