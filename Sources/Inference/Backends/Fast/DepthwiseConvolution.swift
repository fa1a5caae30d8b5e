/// A convolution with separate kernels for each channel, in one or two dimensions; vectors compute output rows.
struct DepthwiseConvolution {
  private let job: ConvolutionJob
  private let plane: PaddedPlane

  /// Returns nil if groups have more than one channel.
  init?(_ job: ConvolutionJob) {
    guard job.channels == 1, job.groups > 1, let plane = PaddedPlane(job.windows) else { return nil }
    self.job = job
    self.plane = plane
  }

  func run() throws(OperatorError) {
    let (job, plane) = (job, plane)
    let tasks = job.batch * job.groups
    let scratch = try Scratch(plane.count, workers: min(job.threads, tasks), job.budget)
    for worker in 0..<min(job.threads, tasks) { plane.clear(scratch[worker], padding: 0) }
    // A task computes several small planes.
    let step = max(1, min(tasks / 16, 16_384 / max(1, job.outputSize * job.kernelSize)))
    Parallel.tasks((tasks + step - 1) / step, threads: job.threads) { part, worker in
      for task in (part * step)..<min(tasks, (part + 1) * step) {
        let (image, group) = (task / job.groups, task % job.groups)
        plane.fill(scratch[worker], from: job.input(image, group))
        for output in (group * job.outputs)..<((group + 1) * job.outputs) {
          Self.rows(
            plane, UnsafePointer(scratch[worker]), UnsafePointer(job.w.base + output * job.kernelSize),
            job.y.base + job.place(image, output))
          job.finish(image, output, from: 0, count: job.outputSize)
        }
      }
    }
  }

  private static func rows(
    _ plane: PaddedPlane, _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>
  ) {
    let columns = plane.output.columns
    plane.taps.withUnsafeBufferPointer { taps in
      for row in 0..<plane.output.rows {
        let from = x + row * plane.rowStep
        let to = y + row * columns
        var column = 0
        while columns - column > 8 {
          var sum = SIMD16<Float>.zero
          for index in 0..<taps.count {
            sum += from.lanes(taps[index] + column, SIMD16<Float>.self) * w[index]
          }
          to.set(column, sum, count: columns - column)
          column += 16
        }
        if column < columns {
          var sum = Lanes.zero
          for index in 0..<taps.count { sum += from.lanes(taps[index] + column, Lanes.self) * w[index] }
          to.set(column, sum, count: columns - column)
        }
      }
    }
  }
}
