internal import ONNXGraph

/// Computes binary32, F16, BF16 and I32 with vectors; the reference computes all other types. F16 and BF16 are computed
/// in binary32 and rounded once.
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
    if let widened = WidenedConvolution(convolution, threads: threads) {
      return try widened.run(
        { part throws(OperatorError) in
          guard let job = ConvolutionJob(part, threads: threads) else { return false }
          try compute(job)
          return !job.isPadded || job.weightsAreFinite
        }, otherwise: byDefinition)
    }
    guard let job = ConvolutionJob(convolution, threads: threads) else {
      if !IntegerKernels.convolve(convolution, threads: threads) { try byDefinition(convolution) }
      return
    }
    try compute(job)
    // 0 · ∞ is NaN. Only outputs that are NaN can be wrong for this reason.
    if job.paddingMayShow { try byDefinition(convolution) }
  }

  private func compute(_ job: ConvolutionJob) throws(OperatorError) {
    if let plan = WinogradPlan(job), try filtered(job, plan) { return }
    if let depthwise = DepthwiseConvolution(job) {
      depthwise.run()
    } else {
      try GatheredConvolution(job, weights).run()
    }
  }

  private func byDefinition(_ convolution: Convolution) throws(OperatorError) {
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
    guard convolution.y.type.half != nil else { return try convolveTransposedFloats(convolution) }
    var bias: Tensor?
    if let given = convolution.bias { bias = try Widening.floats(given, threads: threads) }
    let y = try Widening.results(for: convolution.y)
    try convolveTransposedFloats(
      Convolution(
        x: try Widening.floats(convolution.x, threads: threads),
        w: try Widening.floats(convolution.w, threads: threads), bias: bias, y: y,
        windows: convolution.windows, groups: convolution.groups))
    Widening.finish(y, convolution.y, threads: threads)
  }

  private func convolveTransposedFloats(_ convolution: Convolution) throws(OperatorError) {
    guard let fast = SpreadConvolution(convolution, threads: threads) else {
      return try reference.convolveTransposed(convolution)
    }
    try fast.run()
  }

  func contract(_ contraction: Contraction) throws(OperatorError) { try reference.contract(contraction) }

  func scale(_ scaling: ChannelScaling) throws(OperatorError) {
    if scaling.y.type.half != nil {
      let y = try Widening.results(for: scaling.y)
      FastScaling.run(
        ChannelScaling(
          x: try Widening.floats(scaling.x, threads: threads), y: y, mean: scaling.mean,
          factors: scaling.factors, shift: scaling.shift), threads: threads)
      return Widening.finish(y, scaling.y, threads: threads)
    }
    guard scaling.y.type == .float else { return try reference.scale(scaling) }
    FastScaling.run(scaling, threads: threads)
  }

  func pool(_ pooling: Pooling) throws(OperatorError) {
    guard pooling.y.type.half != nil else { return try poolFloats(pooling) }
    let y = try Widening.results(for: pooling.y)
    try poolFloats(
      Pooling(
        x: try Widening.floats(pooling.x, threads: threads), y: y, windows: pooling.windows,
        kind: pooling.kind))
    Widening.finish(y, pooling.y, threads: threads)
  }

  private func poolFloats(_ pooling: Pooling) throws(OperatorError) {
    if let whole = WholePooling(pooling, threads: threads) { return whole.run() }
    guard let fast = FastPooling(pooling, threads: threads) else { return try reference.pool(pooling) }
    try fast.run()
  }
}
