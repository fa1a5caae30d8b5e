internal import CKernels

/// A convolution with separate kernels for each channel, in one or two dimensions; vectors compute output rows.
struct DepthwiseConvolution {
  private let job: ConvolutionJob
  private let window: tessera_window

  /// Returns nil if groups have more than one channel.
  init?(_ job: ConvolutionJob) {
    guard job.channels == 1, job.groups > 1, let window = job.windows.overPlane else { return nil }
    self.job = job
    self.window = window
  }

  func run() {
    let (job, window) = (job, window)
    let planes = job.groups * job.outputs
    // A task computes several small planes.
    let step = max(1, min(job.batch * planes / 16, 16_384 / max(1, job.outputSize * job.kernelSize)))
    let parts = (planes + step - 1) / step
    Parallel.tasks(job.batch * parts, threads: job.threads) { task, _ in
      let (image, first) = (task / parts, task % parts * step)
      let last = min(planes, first + step)
      // Planes of y that use the same plane of x are computed one by one.
      let together = job.outputs == 1 ? last - first : 1
      for output in stride(from: first, to: last, by: together) {
        filter(window, image, output, count: together)
      }
    }
  }

  /// Computes planes of y from `output` on, each from the next plane of x.
  private func filter(_ window: tessera_window, _ image: Int, _ output: Int, count: Int) {
    var window = window
    let (x, w) = (job.input(image, output / job.outputs), job.w.base + output * job.kernelSize)
    let y = job.y.base + job.place(image, output)
    if var end = job.end(image, output, from: 0) {
      Products.kernels.windows(&window, count, x, w, y, &end)
    } else {
      Products.kernels.windows(&window, count, x, w, y, nil)
    }
    job.activate(image, output..<(output + count), 0..<job.outputSize)
  }
}
