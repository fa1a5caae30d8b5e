/// The last operations on each element of a result, while it is in the cache: y ← activation(y + residual).
struct Epilogue: Sendable {
  /// The residual, with the shape and type of y.
  let residual: Tensor?
  let activation: LaneFunction

  static let none = Epilogue(residual: nil, activation: .identity)
}
