/// Convolution with 3 × 3 kernels at stride 1 by Winograd's filtering: (m + 2)² matrix products [K, C] · [C, tiles].
///
/// Rounding: with |·| element by element and u = 2⁻²⁴, every result differs from the exact one by at most
///   (C + 24) · u · |Aᵀ| [Σ_c (|G| |g| |Gᵀ|) ⊙ (|Bᵀ| |d| |B|)] |A|
/// These are C roundings of the sum of products, and at most 12 of each of the two transforms. The tests check this
/// bound. Random weights stay far below it: about 1e-6 of the largest result for m = 4. If a result is not finite (an
/// infinity in a tile, or an overflow that the definition does not have), all results are recomputed by gathering.
struct WinogradConvolution {
  private let job: ConvolutionJob
  private let plan: WinogradPlan
  private let cache: WeightCache

  init(_ job: ConvolutionJob, _ plan: WinogradPlan, _ cache: WeightCache) {
    self.job = job
    self.plan = plan
    self.cache = cache
  }

  /// Whether the result is valid: false if a number is not finite.
  func run() throws(OperatorError) -> Bool {
    plan.tile == 2 ? try run(WinogradTile2.self) : try run(WinogradTile4.self)
  }

  private func run<T: WinogradTile>(_: T.Type) throws(OperatorError) -> Bool {
    let job = job
    let weights = try cache.value(of: job.convolution.w, form: .transformed(T.outputs), groups: job.groups) {
      () throws(OperatorError) in
      try WinogradWeights.transformed(job, T.self)
    }
    // Tiles are processed in whole rows; `lines` counts the rows of all images.
    let lines = job.batch * plan.rows
    let wanted = 96
    let parts = max(1, lines * plan.columns / wanted)
    let largest = (lines + parts - 1) / parts * plan.columns
    let isShared = parts < 2
    let pass = WinogradPass<T>(
      job: job, weights: weights.values(Float.self), rows: plan.rows, columns: plan.columns, capacity: largest
    )
    let workers = min(job.threads, parts)
    let memory = try Scratch(
      T.inputs * T.inputs * (job.channels + job.outputs) * pass.stride, workers: workers, job.budget)
    let strips = try Scratch(pass.stripCount, workers: job.threads, job.budget)
    let isFinite = Verdict()
    for group in 0..<job.groups {
      if !isShared {
        Parallel.tasks(parts, threads: job.threads) { part, worker in
          let lines = (lines * part / parts)..<(lines * (part + 1) / parts)
          pass.transform(group, 0..<job.channels, lines, memory[worker], strips[worker])
          pass.multiply(group, 0..<(T.inputs * T.inputs), lines, memory[worker])
          pass.finish(group, 0..<job.outputs, lines, memory[worker], strips[worker], isFinite)
        }
        continue
      }
      // With few tiles, all threads work on each step.
      func shared(_ count: Int, _ body: @Sendable (Range<Int>, Int) -> Void) {
        let parts = min(count, 12)
        Parallel.tasks(parts, threads: job.threads) { part, worker in
          body((count * part / parts)..<(count * (part + 1) / parts), worker)
        }
      }
      shared(job.channels) { pass.transform(group, $0, 0..<lines, memory[0], strips[$1]) }
      shared(T.inputs * T.inputs) { planes, _ in pass.multiply(group, planes, 0..<lines, memory[0]) }
      shared(job.outputs) { pass.finish(group, $0, 0..<lines, memory[0], strips[$1], isFinite) }
    }
    return isFinite.holds
  }
}
