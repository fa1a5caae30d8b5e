internal import ONNXGraph

/// Computes binary32 and I32 with vectors; the reference computes all other types.
///
/// Results do not depend on the number of threads: tasks are chosen by shapes alone, and no sum is split between tasks.
struct FastBackend: Backend {
  let threads: Int
  let fuses: Bool
  private let reference: ReferenceBackend
  private let weights = WeightCache()

  var vectorises: Bool { true }

  init(threads: Int, fuses: Bool = true) {
    self.threads = threads
    self.fuses = fuses
    reference = ReferenceBackend(threads: threads)
  }

  func multiply(_ product: MatrixProduct) throws(OperatorError) {
    if let fast = FastProduct(product) { return try fast.run(threads: threads) }
    if !IntegerKernels.multiply(product, threads: threads) { try reference.multiply(product) }
  }

  func convolve(_ convolution: Convolution) throws(OperatorError) {
    guard let job = ConvolutionJob(convolution, threads: threads) else {
      if IntegerKernels.convolve(convolution, threads: threads) { return }
      try reference.convolve(convolution)
      return Finishing.apply(convolution.epilogue, to: convolution.y)
    }
    if let plan = WinogradPlan(job), try filtered(job, plan) { return }
    if let depthwise = DepthwiseConvolution(job) {
      try depthwise.run()
    } else {
      try GatheredConvolution(job, weights).run()
    }
    // Here padding is multiplied as zeros, but the definition leaves it out: 0 · ∞ is NaN. Only outputs that are NaN
    // can be wrong for this reason.
    guard job.isPadded, job.hasNaN, !job.weightsAreFinite else { return }
    try reference.convolve(convolution)
    Finishing.apply(convolution.epilogue, to: convolution.y)
  }

  /// Tries Winograd's filtering; false if another way must compute the result. A lack of memory for it must not make
  /// the run fail.
  private func filtered(_ job: ConvolutionJob, _ plan: WinogradPlan) throws(OperatorError) -> Bool {
    do { return try WinogradConvolution(job, plan, weights).run() } catch  where error.kind == .budget {
      return false
    }
  }

  func convolveTransposed(_ convolution: Convolution) throws(OperatorError) {
    guard let fast = SpreadConvolution(convolution, threads: threads) else {
      return try reference.convolveTransposed(convolution)
    }
    try fast.run()
  }

  func contract(_ contraction: Contraction) throws(OperatorError) { try reference.contract(contraction) }

  func scale(_ scaling: ChannelScaling) throws(OperatorError) {
    guard scaling.y.type == .float else { return try reference.scale(scaling) }
    FastScaling.run(scaling, threads: threads)
  }

  func pool(_ pooling: Pooling) throws(OperatorError) {
    if let whole = WholePooling(pooling, threads: threads) { return whole.run() }
    guard let fast = FastPooling(pooling, threads: threads) else { return try reference.pool(pooling) }
    try fast.run()
  }
}
