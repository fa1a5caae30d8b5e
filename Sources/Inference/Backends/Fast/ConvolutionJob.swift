internal import CKernels
internal import ONNXGraph

/// A convolution of binary32 numbers in the form that its kernels need; sizes are checked here once.
struct ConvolutionJob: Sendable {
  let convolution: Convolution
  let threads: Int
  let x: Elements<Float>
  let w: Elements<Float>
  let y: Elements<Float>
  private let biases: Elements<Float>?
  private let residual: Elements<Float>?
  let batch: Int
  let groups: Int
  /// The number of input channels of a group.
  let channels: Int
  /// The number of output channels of a group.
  let outputs: Int
  /// The elements of a plane on the `windows.input` side, of a plane on the `windows.output` side, and of a kernel.
  let inputSize: Int
  let outputSize: Int
  let kernelSize: Int

  /// Returns nil for types other than binary32 and for empty tensors.
  init?(_ convolution: Convolution, threads: Int) {
    guard convolution.y.type == .float, convolution.y.count > 0, convolution.x.count > 0,
      convolution.w.count > 0
    else { return nil }
    self.convolution = convolution
    self.threads = threads
    x = convolution.x.values(Float.self)
    w = convolution.w.values(Float.self)
    y = convolution.y.values(Float.self)
    biases = convolution.bias?.values(Float.self)
    residual = convolution.epilogue.residual?.values(Float.self)
    batch = convolution.y.shape[0]
    groups = convolution.groups
    channels = convolution.w.shape[1]
    outputs = convolution.w.shape[0] / convolution.groups
    inputSize = convolution.windows.input.product
    outputSize = convolution.windows.output.product
    kernelSize = convolution.windows.kernel.product
  }

  var windows: Windows { convolution.windows }
  var budget: RunBudget { convolution.y.storage.budget }

  /// Whether windows reach beyond the input.
  var isPadded: Bool { (windows.padsBegin + windows.padsEnd).contains { $0 > 0 } }

  private var hasNaN: Bool { !Finishing.hasNoNaN(UnsafePointer(y.base), count: convolution.y.count) }

  /// Whether an output can be NaN only because padding was multiplied as 0, which the definition leaves out. The smaller
  /// tensor is read first.
  var paddingMayShow: Bool {
    guard isPadded else { return false }
    return convolution.w.count < convolution.y.count
      ? !weightsAreFinite && hasNaN : hasNaN && !weightsAreFinite
  }

  /// Whether no weight is infinite or NaN.
  var weightsAreFinite: Bool { Finishing.isFinite(UnsafePointer(w.base), count: convolution.w.count) }

  /// The plane of x with this channel; channels are counted over all groups.
  func input(_ image: Int, _ channel: Int) -> UnsafePointer<Float> {
    UnsafePointer(x.base + (image * groups * channels + channel) * inputSize)
  }

  /// The position in y at which a plane begins.
  func place(_ image: Int, _ output: Int) -> Int {
    (image * convolution.y.shape[1] + convolution.firstOutput + output) * outputSize
  }

  /// The bias of an output channel; channels are counted over all groups.
  func bias(_ output: Int) -> Float { biases?[convolution.firstOutput + output] ?? 0 }

  /// Bias, residual and a clamp, for kernels whose first row is in the plane `output` of y, from `start` on; nil if there
  /// is nothing to do. Other activations follow with `activate`.
  func end(_ image: Int, _ output: Int, from start: Int) -> tessera_end? {
    let activation = convolution.epilogue.activation
    let isClamp = activation.kernel == tessera_clamp
    guard biases != nil || residual != nil || isClamp else { return nil }
    return tessera_end(
      bias: biases.map { UnsafePointer($0.base + convolution.firstOutput + output) },
      residual: residual.map { UnsafePointer($0.base + place(image, output) + start) },
      low: isClamp ? activation.p : -.infinity, high: isClamp ? activation.q : .infinity)
  }

  /// Applies an activation that is not part of `end` to these positions of several planes.
  func activate(_ image: Int, _ outputs: Range<Int>, _ positions: Range<Int>) {
    let activation = convolution.epilogue.activation
    if activation == .identity || activation.kernel == tessera_clamp { return }
    func apply(_ output: Int, count: Int) {
      Finishing.apply(
        y.base + place(image, output) + positions.lowerBound, count: count, bias: 0, residual: nil, activation
      )
    }
    // Whole planes follow each other.
    if positions.count == outputSize { return apply(outputs.lowerBound, count: outputs.count * outputSize) }
    for output in outputs { apply(output, count: positions.count) }
  }

  /// Applies bias and epilogue to `count` elements of a plane of y from `start` on.
  func finish(_ image: Int, _ output: Int, from start: Int, count: Int) {
    let place = place(image, output) + start
    Finishing.apply(
      y.base + place, count: count, bias: bias(output),
      residual: residual.map { UnsafePointer($0.base + place) }, convolution.epilogue.activation)
  }
}
