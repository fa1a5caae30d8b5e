internal import CKernels

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
    plane.taps.withUnsafeBufferPointer { taps in
      Products.kernels.depthwise(
        plane.output.rows, plane.output.columns, x, plane.rowStep, taps.baseAddress, taps.count, w, y)
    }
  }
}
