internal import CKernels
internal import ONNXGraph

/// Convolution as a product of matrices, in any number of dimensions: the weights of a group, [K, C·kernel], times the
/// inputs of each output position, [C·kernel, positions].
///
/// The second matrix is gathered for as many positions as fit the cache. A kernel of one element that uses every input
/// once needs no gathering.
struct GatheredConvolution {
  private let job: ConvolutionJob
  private let gathering: Gathering
  private let isPointwise: Bool
  private let depth: Int
  private let cache: WeightCache

  init(_ job: ConvolutionJob, _ cache: WeightCache) {
    self.job = job
    self.cache = cache
    let windows = job.windows
    gathering = Gathering(windows)
    depth = job.channels * job.kernelSize
    isPointwise =
      windows.kernel.allSatisfy { $0 == 1 } && windows.strides.allSatisfy { $0 == 1 }
      && windows.output == windows.input && windows.padsBegin.allSatisfy { $0 == 0 }
  }

  /// The number of output positions in a panel.
  private var width: Int {
    let wanted = isPointwise ? 512 : max(1, min(512, max(32, 196_608 / depth), (1 << 24) / depth))
    let count = (job.outputSize + wanted - 1) / wanted
    return min(job.outputSize, ((job.outputSize + count - 1) / count + 15) / 16 * 16)
  }

  /// The weights of each group, packed; kept for other runs if they belong to the model.
  private func packedWeights() throws(OperatorError) -> Tensor {
    let (job, depth) = (job, depth)
    func make() throws(OperatorError) -> Tensor {
      let packed = try Tensor(.float, [job.convolution.w.count + Products.slack], job.budget)
      let to = packed.values(Float.self)
      Parallel.tasks(job.groups, threads: job.threads) { group, _ in
        let start = group * job.outputs * depth
        Products.pack(
          Products.Matrix(base: UnsafePointer(job.w.base + start), row: depth), rows: job.outputs,
          depth: depth,
          to: to.base + start)
      }
      return packed
    }
    guard job.convolution.weightsStay else { return try make() }
    return try cache.value(of: job.convolution.w, form: .packed, groups: job.groups, make)
  }

  func run() throws(OperatorError) {
    let (job, gathering, isPointwise, depth, width) = (job, gathering, isPointwise, depth, width)
    let panels = (job.outputSize + width - 1) / width
    let tasks = job.batch * job.groups * panels
    let isShared = tasks < 4 && Double(job.outputs) * Double(depth) * Double(width) > 1e6
    let packed = try packedWeights()
    let weights = packed.values(Float.self)
    let scratch = try Scratch(
      isPointwise ? 0 : depth * width, workers: isShared ? 1 : min(job.threads, tasks), job.budget)

    @Sendable func panel(_ task: Int) -> (image: Int, group: Int, positions: Range<Int>) {
      let start = task % panels * width
      return (
        task / panels / job.groups, task / panels % job.groups, start..<min(job.outputSize, start + width)
      )
    }
    @Sendable func gather(_ task: Int, _ channels: Range<Int>, _ worker: Int) {
      if isPointwise { return }
      let (image, group, positions) = panel(task)
      gathering.run(
        job.input(image, group * job.channels), channels, positions, into: scratch[worker], width: width)
    }
    @Sendable func multiply(_ task: Int, _ rows: Range<Int>, _ worker: Int) {
      let (image, group, positions) = panel(task)
      let first = group * job.outputs + rows.lowerBound
      Products.multiply(
        weights.base + first * depth,
        isPointwise
          ? Products.Matrix(
            base: job.input(image, group * job.channels) + positions.lowerBound, row: job.inputSize)
          : Products.Matrix(base: scratch[worker], row: width),
        job.y.base + job.place(image, first) + positions.lowerBound, yRow: job.outputSize, rows: rows.count,
        columns: positions.count, depth: depth, end: job.end(image, first, from: positions.lowerBound))
      job.activate(image, first..<(first + rows.count), positions)
    }

    if !isShared {
      Parallel.tasks(tasks, threads: job.threads) { task, worker in
        gather(task, 0..<job.channels, worker)
        multiply(task, 0..<job.outputs, worker)
      }
      return
    }
    // With few panels, threads share the outputs of each. Panels that need no gathering do not wait for each other.
    let rowStep = Products.step(rows: job.outputs, parts: 8)
    let rowParts = (job.outputs + rowStep - 1) / rowStep
    @Sendable func outputs(ofPart part: Int) -> Range<Int> {
      (part * rowStep)..<min(job.outputs, (part + 1) * rowStep)
    }
    if isPointwise {
      Parallel.tasks(tasks * rowParts, threads: job.threads) { part, _ in
        multiply(part / rowParts, outputs(ofPart: part % rowParts), 0)
      }
      return
    }
    let channelStep = (job.channels + 7) / 8
    for task in 0..<tasks {
      Parallel.tasks((job.channels + channelStep - 1) / channelStep, threads: job.threads) { part, _ in
        gather(task, (part * channelStep)..<min(job.channels, (part + 1) * channelStep), 0)
      }
      Parallel.tasks(rowParts, threads: job.threads) { part, _ in multiply(task, outputs(ofPart: part), 0) }
    }
  }
}

/// Gathers the inputs of output positions, row by row of the last dimension.
private struct Gathering: Sendable {
  private let windows: Windows
  private let rows: GatheredRows
  private let kernelRows: Int

  init(_ windows: Windows) {
    self.windows = windows
    rows = GatheredRows(windows)
    kernelRows = windows.kernel.dropLast().product
  }

  /// Writes column p of `target`: the inputs of position p of `positions`, one for each channel and kernel element, and
  /// 0 in the padding. Rows of `target` are `width` apart.
  func run(
    _ x: UnsafePointer<Float>, _ channels: Range<Int>, _ positions: Range<Int>,
    into target: UnsafeMutablePointer<Float>, width: Int
  ) {
    let last = windows.output.count - 1
    let across = windows.output[last]
    var what = tessera_gather(
      first: 0, count: 0, from: channels.lowerBound, to: channels.upperBound, rows: kernelRows,
      kernel: windows.kernel[last], length: windows.input[last], plane: windows.input.product,
      step: windows.strides[last], dilation: windows.dilations[last], pad: windows.padsBegin[last],
      width: width)
    var position = positions.lowerBound
    while position < positions.upperBound {
      what.first = position % across
      what.count = min(across - what.first, positions.upperBound - position)
      Products.kernels.gather(
        &what, x, rows.inputRows(position / across), target + position - positions.lowerBound)
      position += what.count
    }
  }
}
