internal import CKernels
internal import ONNXGraph

/// The greatest element, or the mean, of windows of binary32 numbers in one or two dimensions; vectors compute output
/// rows.
struct FastPooling {
  private let pooling: Pooling
  private let window: tessera_window
  private let threads: Int
  /// For means, 1 / the number of elements in each window, by output position; nil for the greatest element.
  private let factors: [Float]?

  /// Returns nil for other types and dimensions, for norms, and if positions of greatest elements are wanted.
  init?(_ pooling: Pooling, threads: Int) {
    guard pooling.y.type == .float, pooling.y.count > 0, pooling.x.count > 0,
      let window = pooling.windows.overPlane
    else { return nil }
    switch pooling.kind {
    case .greatest(nil, _): factors = nil
    case .greatest, .norm: return nil
    case .mean(let countsPadding):
      // Windows that reach into the padding have fewer elements: the product of the counts along each dimension.
      let windows = pooling.windows
      let counts = windows.input.indices.map { axis in
        (0..<windows.output[axis]).map { windows.count(axis, $0, withPadding: countsPadding) }
      }
      let rows = counts.count == 1 ? [1] : counts[0]
      let columns = counts[counts.count - 1]
      factors = rows.flatMap { row in columns.map { row * $0 == 0 ? 0 : 1 / Float(row * $0) } }
    }
    self.pooling = pooling
    self.window = window
    self.threads = threads
  }

  func run() throws(OperatorError) {
    let (window, factors) = (window, factors)
    let (x, y) = (pooling.x.values(Float.self), pooling.y.values(Float.self))
    let planes = pooling.y.shape[0] * pooling.y.shape[1]
    let (inputSize, outputSize) = (pooling.windows.input.product, pooling.windows.output.product)
    // A sum is a convolution with ones.
    let ones = try Scratch(
      factors == nil ? 0 : pooling.windows.kernel.product, workers: 1, pooling.y.storage.budget)
    if factors != nil { ones[0].update(repeating: 1, count: pooling.windows.kernel.product) }
    Parallel.tasks(planes, threads: threads) { number, _ in
      var window = window
      let to = y.base + number * outputSize
      Products.kernels.windows(
        &window, 1, x.base + number * inputSize, factors == nil ? nil : ones[0], to, nil)
      if let factors {
        for index in 0..<outputSize { to[index] *= factors[index] }
      }
    }
  }
}
