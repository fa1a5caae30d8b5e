/// The adjoint of a convolution as a matrix product, [K·kernel, positions] = wᵀ · x. Each row of the result is then
/// added to the output positions of its kernel element.
struct SpreadConvolution {
  private let job: ConvolutionJob
  /// The number of channels in a group of x (`channels`) and in a group of y (`outputs`).
  private let channels: Int
  private let outputs: Int

  /// Returns nil if `ConvolutionJob` does, or if the product for one output channel is too large.
  init?(_ convolution: Convolution, threads: Int) {
    guard let job = ConvolutionJob(convolution, threads: threads) else { return nil }
    self.job = job
    channels = convolution.x.shape[1] / convolution.groups
    outputs = convolution.w.shape[1]
    // Elements of the product for one output channel.
    let (count, overflow) = job.kernelSize.multipliedReportingOverflow(by: job.outputSize)
    guard !overflow, count <= 1 << 24 else { return nil }
  }

  func run() throws(OperatorError) {
    let (job, channels, outputs) = (job, channels, outputs)
    // `windows` describe the convolution from y to x.
    let (positions, plane, kernel) = (job.outputSize, job.inputSize, job.kernelSize)
    // A task computes as many output channels as fit the cache.
    let step = max(1, min((outputs + 3) / 4, (1 << 18) / max(1, kernel * positions)))
    let parts = (outputs + step - 1) / step
    let tasks = job.batch * job.groups * parts
    let workers = min(job.threads, tasks)
    let scratch = try Scratch(step * kernel * positions, workers: workers, job.budget)
    let factors = try Scratch(step * kernel * channels, workers: workers, job.budget)
    let spreading = Spreading(job.windows)
    Parallel.tasks(tasks, threads: job.threads) { task, worker in
      let (image, group, first) = (task / parts / job.groups, task / parts % job.groups, task % parts * step)
      let count = min(step, outputs - first)
      let product = scratch[worker]
      Products.pack(
        Products.Matrix(
          base: UnsafePointer(job.w.base + (group * channels * outputs + first) * kernel), row: 1,
          column: outputs * kernel),
        rows: count * kernel, depth: channels, to: factors[worker])
      Products.multiply(
        factors[worker],
        Products.Matrix(
          base: UnsafePointer(job.x.base + (image * job.groups + group) * channels * positions),
          row: positions),
        product, yRow: positions, rows: count * kernel, columns: positions, depth: channels)
      let y = job.y.base + ((image * job.groups + group) * outputs + first) * plane
      for output in 0..<count {
        (y + output * plane).update(repeating: job.bias(group * outputs + first + output), count: plane)
      }
      spreading.run(UnsafePointer(product), y, planes: count)
    }
  }
}

/// Adds rows of a product to the output positions of their kernel elements.
private struct Spreading: Sendable {
  private let windows: Windows
  private let rows: GatheredRows

  init(_ windows: Windows) {
    self.windows = windows
    rows = GatheredRows(windows)
  }

  func run(_ product: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, planes: Int) {
    let last = windows.output.count - 1
    let (length, across, kernel) = (windows.input[last], windows.output[last], windows.kernel[last])
    let (step, dilation, pad) = (windows.strides[last], windows.dilations[last], windows.padsBegin[last])
    let (positions, plane) = (windows.output.product, windows.input.product)
    for row in 0..<windows.output.dropLast().product {
      let places = rows.inputRows(row)
      for number in 0..<planes {
        for (tap, place) in places.enumerated() where place >= 0 {
          for k in 0..<kernel {
            let start = k * dilation - pad
            let low = min(across, start < 0 ? (-start + step - 1) / step : 0)
            let high = max(low, min(across, start >= length ? 0 : (length - 1 - start) / step + 1))
            let from = product + ((number * places.count + tap) * kernel + k) * positions + row * across
            let to = y + number * plane + place * length + start
            if step == 1 {
              for index in low..<high { to[index] += from[index] }
            } else {
              for index in low..<high { to[index * step] += from[index] }
            }
          }
        }
      }
    }
  }
}
