internal import ONNXGraph

/// Binary32 by OpenBLAS and vectors; everything else is left to the reference.
///
/// Results do not depend on the number of threads: what makes a task is chosen by shapes alone, and no sum is split
/// between tasks.
struct FastBackend: Backend {
  let threads: Int
  private let reference: ReferenceBackend
  private let weights = WeightCache()

  init(threads: Int) {
    self.threads = threads
    reference = ReferenceBackend(threads: threads)
  }

  var fuses: Bool { true }

  func multiply(_ product: MatrixProduct) throws(OperatorError) {
    guard let fast = FastProduct(product) else { return try reference.multiply(product) }
    fast.run(threads: threads)
  }

  func convolve(_ convolution: Convolution) throws(OperatorError) {
    guard let job = ConvolutionJob(convolution, threads: threads) else {
      return try reference.convolve(convolution)
    }
    if let plan = WinogradPlan(job), try WinogradConvolution(job, plan, weights).run() { return }
    if let depthwise = DepthwiseConvolution(job) { return try depthwise.run() }
    try GatheredConvolution(job).run()
  }

  func convolveTransposed(_ convolution: Convolution) throws(OperatorError) {
    guard let fast = SpreadConvolution(convolution, threads: threads) else {
      return try reference.convolveTransposed(convolution)
    }
    try fast.run()
  }

  func pool(_ pooling: Pooling) throws(OperatorError) {
    guard let fast = FastPooling(pooling, threads: threads) else { return try reference.pool(pooling) }
    try fast.run()
  }
}
