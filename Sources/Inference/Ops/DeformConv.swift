internal import ONNXGraph

/// y[n, k, o] = b[k] + Σ_{c, t} w[k, c, t] · mask[n, g, t, o] · x[n, c, o·stride − pad + t·dilation + offset[n, g, t, o]]
///
/// g is the offset group of c; x is interpolated linearly, with zeros around it. x: floats, [N, C, in…]; w: [K, C/groups,
/// kernel…], with T elements in the kernel; offset: [N, G·T·r, out…] for r spatial dimensions, the vector of each t
/// together; b: [K]; mask: [N, G·T, out…] (ones); `group`, `offset_group` G: divisors of C (1); out: as for `Conv` → y: as
/// x, [N, K, out…]. Source: ONNX `DeformConv`, versions 19, 22.
enum DeformConv: Operator {
  static var since: Int { 19 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.type.isFloat else { throw call.wrong(0, "floating-point elements", found: x.type.name) }
    let w = try call.input(1, type: x.type)
    let (groups, offsetGroups) = (try call.int("group") ?? 1, try call.int("offset_group") ?? 1)
    guard x.rank >= 3, w.rank == x.rank, groups >= 1, groups <= max(1, x.shape[1]), x.shape[1] % groups == 0,
      w.shape[1] == x.shape[1] / groups, w.shape[0] % groups == 0
    else {
      throw call.wrong(1, "[K, C / groups, …] for x of \(shapeText(x.shape))", found: shapeText(w.shape))
    }
    guard offsetGroups >= 1, offsetGroups <= max(1, x.shape[1]), x.shape[1] % offsetGroups == 0 else {
      throw OperatorError(
        "a divisor of \(x.shape[1]) channels", found: "\(offsetGroups)", subject: "attribute 'offset_group'")
    }
    let kernel = Array(w.shape[2...])
    if let stated = try call.ints("kernel_shape"), stated != kernel {
      throw OperatorError(
        "w's kernel \(shapeText(kernel))", found: shapeText(stated), subject: "attribute 'kernel_shape'")
    }
    let windows = try WindowAttributes(call, kernel: kernel).windows(Array(x.shape[2...]))
    let y = try call.make(.double, [x.shape[0], w.shape[0]] + windows.output)
    let taps = kernel.product
    var moved: [Tensor?] = []
    for (index, perTap) in [(2, kernel.count), (4, 1)] {
      guard let given = index == 2 ? try call.input(2) : call.optional(index) else {
        moved.append(nil)
        continue
      }
      // In steps, because a product of numbers from a file could overflow.
      let channels = given.rank > 1 ? given.shape[1] : 0
      guard given.type == x.type, given.rank == x.rank, given.shape[0] == x.shape[0],
        Array(given.shape[2...]) == windows.output, channels % offsetGroups == 0,
        channels / offsetGroups == taps * perTap
      else {
        throw call.wrong(
          index, "[N, offset groups · \(taps * perTap), out…] with outputs of \(shapeText(windows.output))",
          found: shapeText(given.shape))
      }
      moved.append(try Casting.cast(call, given, to: .double))
    }
    let bias = call.optional(3) == nil ? nil : try call.reals(3, count: w.shape[0])
    let job = Deformed(
      x: try Casting.cast(call, x, to: .double), w: try Casting.cast(call, w, to: .double), y: y,
      offset: moved[0], mask: moved[1], windows: windows, groups: groups, offsetGroups: offsetGroups)
    if y.count > 0 { try job.run(call) }
    if let bias {
      let (values, plane) = (y.values(Double.self), windows.output.product)
      for place in 0..<y.count { values[place] += bias[place / plane % bias.count] }
    }
    return [try Casting.cast(call, y, to: x.type)]
  }
}

/// A deformable convolution without its bias, in binary64: for each sample, the sampled elements of x times w.
private struct Deformed {
  let x: Tensor
  let w: Tensor
  let y: Tensor
  let offset: Tensor?
  let mask: Tensor?
  let windows: Windows
  let groups: Int
  let offsetGroups: Int

  func run(_ call: OperatorCall) throws(OperatorError) {
    let (channels, outputs) = (x.shape[1], w.shape[0])
    let (taps, positions) = (windows.kernel.product, windows.output.product)
    let sampler = PointSampler(extents: windows.input, mode: .linear, padding: .zeros, endsAtCentres: true)
    try call.budget.spend(product: y.count, w.shape[1], taps)
    let columns = try call.make(.double, [channels, taps, positions])
    let bytes = try sampler.spend(
      points: x.shape[0] * taps * positions, channels: channels + offsetGroups, call.budget)
    try call.budget.take(bytes: bytes)
    defer { call.budget.release(bytes: bytes) }
    let (depth, rows) = (channels / groups * taps, outputs / groups)
    for sample in 0..<x.shape[0] {
      fill(columns, sample, sampler, call.backend.threads)
      for group in 0..<groups {
        let weights = MatrixView(
          tensor: w, offset: group * rows * depth, rows: rows, columns: depth, rowStride: depth,
          columnStride: 1)
        let sampled = MatrixView(
          tensor: columns, offset: group * depth * positions, rows: depth, columns: positions,
          rowStride: positions, columnStride: 1)
        let place = (sample * outputs + group * rows) * positions
        try call.backend.multiply(MatrixProduct(a: weights, b: sampled, y: y, yOffset: place))
      }
    }
  }

  /// columns[c, t, o] = mask · x at the point of kernel element t and output o.
  private func fill(_ columns: Tensor, _ sample: Int, _ sampler: PointSampler, _ threads: Int) {
    let (from, to) = (x.values(Double.self), columns.values(Double.self))
    let (offsets, factors) = (offset?.values(Double.self), mask?.values(Double.self))
    let (taps, positions, plane) = (windows.kernel.product, windows.output.product, windows.input.product)
    let (rank, channels) = (windows.kernel.count, x.shape[1])
    let perGroup = channels / offsetGroups
    Parallel.split(positions, threads: threads) { range in
      var point = [Double](repeating: 0, count: rank)
      var elements: [PointSampler.Tap] = []
      for position in range {
        let output = windows.position(position)
        for group in 0..<offsetGroups {
          for tap in 0..<taps {
            let number = (sample * offsetGroups + group) * taps + tap
            var rest = tap
            for axis in (0..<rank).reversed() {
              let start = output[axis] * windows.strides[axis] - windows.padsBegin[axis]
              let place = start + rest % windows.kernel[axis] * windows.dilations[axis]
              rest /= windows.kernel[axis]
              point[axis] = Double(place) + (offsets?[(number * rank + axis) * positions + position] ?? 0)
            }
            sampler.fill(&elements, at: point)
            let factor = factors?[number * positions + position] ?? 1
            for channel in (group * perGroup)..<((group + 1) * perGroup) {
              let start = (sample * channels + channel) * plane
              let sum = elements.reduce(0) { $0 + $1.weight * from[start + $1.place] }
              to[(channel * taps + tap) * positions + position] = factor * sum
            }
          }
        }
      }
    }
  }
}
