/// The last operations on each element of a result, while it is in the cache: y ← activation(y + residual).
struct Epilogue: Sendable {
  /// The residual, with the shape and type of y.
  let residual: Tensor?
  let activation: Activation

  static let none = Epilogue(residual: nil, activation: .identity)
}

/// A function of one number, applied to an operator's result.
enum Activation: Sendable, Equatable {
  case identity
  /// min(max(x, low), high); NaN stays.
  case clamp(low: Float, high: Float)
  /// x for x ≥ 0, otherwise slope · x.
  case leaky(slope: Float)
  /// x · min(max(x/6 + 1/2, 0), 1)
  case hardSwish
}

extension Activation {
  var kernel: LaneFunction {
    switch self {
    case .identity: .identity
    case .clamp(let low, let high): .clamp(low: low, high: high)
    case .leaky(let slope): .leaky(slope: slope)
    case .hardSwish: .hardSwish
    }
  }
}
