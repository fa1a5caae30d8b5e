internal import ONNXGraph

/// Means, variances, and the normalisations that use them.
enum Normalising {
  /// Mean and variance (Σ (x − mean)² / n) of a line.
  static func statistics(_ line: [Double]) -> (mean: Double, variance: Double) {
    let mean = line.reduce(0, +) / Double(line.count)
    return (mean, line.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(line.count))
  }

  /// (x − mean) / √(variance + epsilon), in place.
  static func normalise(_ line: inout [Double], _ epsilon: Double) {
    let (mean, variance) = statistics(line)
    let factor = 1 / (variance + epsilon).squareRoot()
    for index in line.indices { line[index] = (line[index] - mean) * factor }
  }

  /// (x − mean) / √(variance + epsilon) · scale + shift, with mean and variance over `axis` and all axes after it, as
  /// `type` (nil: as x); then the means and 1/√(variance + epsilon), FLOAT [a.., 1..].
  ///
  /// If it is not `centred`, the mean is 0 and the variance is the mean of x². F16 and BF16 are computed in binary32 and
  /// rounded once.
  static func layers(
    _ call: OperatorCall, _ x: Tensor, axis: Int, epsilon: Double, scale: Tensor, shift: Tensor?,
    isCentred: Bool = true, as type: ElementType? = nil
  ) throws(OperatorError) -> [Tensor] {
    let shape = Array(x.shape[..<axis]) + [Int](repeating: 1, count: x.rank - axis)
    let (means, deviations) = (try call.make(.float, shape), try call.make(.float, shape))
    for tensor in [means, deviations] { tensor.values(Float.self).update(repeating: 0) }
    let wide: ElementType = x.type == .double ? .double : .float
    let (real, scales) = (try Casting.cast(call, x, to: wide), try Casting.cast(call, scale, to: wide))
    var shifts: Tensor?
    if let shift { shifts = try Casting.cast(call, shift, to: wide) }
    if let y = try FastLines.normalised(
      call, real, axis: axis, scale: scales, shift: shifts, epsilon: epsilon, centres: isCentred,
      means: means,
      factors: deviations)
    {
      return [try Casting.cast(call, y, to: type ?? x.type), means, deviations]
    }
    var number = 0
    let normal = try Lines.map(call, real, extent: x.shape[axis...].product, inner: 1) { line in
      var (mean, variance) = (0.0, 0.0)
      if isCentred {
        (mean, variance) = statistics(line)
      } else {
        variance = line.reduce(0) { $0 + $1 * $1 } / Double(line.count)
      }
      let factor = 1 / (variance + epsilon).squareRoot()
      for index in line.indices { line[index] = (line[index] - mean) * factor }
      means.values(Float.self)[number] = Float(mean)
      deviations.values(Float.self)[number] = Float(factor)
      number += 1
    }
    var y = try Elementwise.binary(Mul.self, call, normal, scales)
    if let shifts { y = try Elementwise.binary(Add.self, call, y, shifts) }
    guard y.shape == x.shape else {
      throw OperatorError(
        "scale and shift that broadcast to \(shapeText(x.shape))", found: shapeText(y.shape))
    }
    return [try Casting.cast(call, y, to: type ?? x.type), means, deviations]
  }

  /// (x − mean) / √(variance + epsilon) · scale + shift, with one of each for each channel of x: [N, C, …].
  static func perChannel(
    _ call: OperatorCall, _ x: Tensor, _ channels: Int, _ mean: [Double], _ variance: [Double],
    _ scale: [Double], _ shift: [Double], _ epsilon: Double
  ) throws(OperatorError) -> Tensor {
    let factors = (0..<channels).map { scale[$0] / (variance[$0] + epsilon).squareRoot() }
    let y = try call.make(x.type, x.shape)
    if x.count == 0 { return y }
    try call.backend.scale(
      ChannelScaling(
        x: x, y: y, mean: mean, factors: factors, shift: shift, epilogue: call.takeEpilogue(for: y)))
    return y
  }

  /// Mean and variance of each channel of x: [N, C, …].
  static func statistics(
    _ call: OperatorCall, _ x: Tensor, _ channels: Int
  ) throws(OperatorError) -> (mean: [Double], variance: [Double]) {
    guard x.rank >= 2, x.count > 0 else {
      throw call.wrong(0, "elements of channels", found: shapeText(x.shape))
    }
    let real = try Casting.cast(call, x, to: .double).values(Double.self)
    let plane = x.shape[2...].product
    // A channel's elements of all samples, in a list that grows by doubling.
    let lineBytes = x.shape[0] * plane * 16
    try call.budget.take(bytes: lineBytes)
    defer { call.budget.release(bytes: lineBytes) }
    var mean: [Double] = []
    var variance: [Double] = []
    for channel in 0..<channels {
      var line: [Double] = []
      for sample in 0..<x.shape[0] {
        let start = (sample * channels + channel) * plane
        line += real[start..<(start + plane)]
      }
      let (m, v) = statistics(line)
      mean.append(m)
      variance.append(v)
    }
    return (mean, variance)
  }
}
