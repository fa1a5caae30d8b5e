internal import Synchronization

/// Counts the multiply-adds of products and convolutions, padding included, and then calls another backend.
struct TallyingBackend: Backend {
  let inner: any Backend
  let tally: MultiplyAddTally

  var fuses: Bool { inner.fuses }
  var vectorises: Bool { inner.vectorises }
  var threads: Int { inner.threads }

  func multiply(_ product: MatrixProduct) throws(OperatorError) {
    tally.add(product.multiplyAdds)
    try inner.multiply(product)
  }

  func convolve(_ convolution: Convolution) throws(OperatorError) {
    tally.add(convolution.multiplyAdds)
    try inner.convolve(convolution)
  }

  func convolveTransposed(_ convolution: Convolution) throws(OperatorError) {
    tally.add(convolution.adjointMultiplyAdds)
    try inner.convolveTransposed(convolution)
  }

  func contract(_ contraction: Contraction) throws(OperatorError) {
    tally.add(contraction.equation.multiplyAdds)
    try inner.contract(contraction)
  }

  func scale(_ scaling: ChannelScaling) throws(OperatorError) { try inner.scale(scaling) }

  func pool(_ pooling: Pooling) throws(OperatorError) { try inner.pool(pooling) }
}

/// The number of multiply-adds that a run has computed, or only counted.
final class MultiplyAddTally: Sendable {
  private let sum = Atomic(0)

  var count: Int { sum.load(ordering: .relaxed) }

  func add(_ count: Int) { sum.add(count, ordering: .relaxed) }
}

// These products fit an Int, because the operators have checked them with the budget.

extension MatrixProduct {
  var multiplyAdds: Int { rows &* columns &* depth }
}

extension Convolution {
  /// Each element of y uses the weights of its group, w: [K, C/groups, kernel…].
  var multiplyAdds: Int { w.shape.dropFirst().reduce(y.count, &*) }

  /// Each element of x is multiplied by the weights of its channel, w: [C, K/groups, kernel…].
  var adjointMultiplyAdds: Int { w.shape.dropFirst().reduce(x.count, &*) }
}
