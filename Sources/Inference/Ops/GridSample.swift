internal import ONNXGraph

/// y[n, c, o…] = x[n, c] interpolated at the point grid[n, o…], whose coordinates begin with that of the last axis
///
/// −1 and 1 are the outer edges of the first and last element, or with `align_corners` 1 (0) their centres. x: numbers
/// (with nearest also BOOL), [N, C, d₁, …, dᵣ]; grid: floats, [N, o…, r], with r dimensions o → y: as x, [N, C, o…],
/// integers rounded towards zero. `mode`: linear, nearest (ties to the even element) or cubic; in version 16 bilinear,
/// nearest or bicubic. `padding_mode`: zeros, border or reflection. Source: ONNX `GridSample`, versions 16, 20, 22.
enum GridSample: Operator {
  static var since: Int { 16 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let grid = try call.input(1, rank: max(3, x.rank))
    let rank = x.rank - 2
    guard x.rank >= 3, grid.shape[0] == x.shape[0], grid.shape[rank + 1] == rank else {
      throw call.wrong(
        1, "[N, …, \(rank)] for x of \(shapeText(x.shape))", found: shapeText(grid.shape))
    }
    guard grid.type.isFloat else { throw call.wrong(1, "floating-point elements", found: grid.type.name) }
    let isAligned = try call.flag("align_corners")
    // Some exporters mix the words of the versions.
    let mode: PointSampler.Mode =
      switch try call.word("mode", ["linear", "bilinear", "nearest", "cubic", "bicubic"], default: "linear") {
      case "nearest": .nearest
      case "cubic", "bicubic": .cubic
      default: .linear
      }
    let padding: PointSampler.Padding =
      switch try call.word("padding_mode", ["zeros", "border", "reflection"], default: "zeros") {
      case "zeros": .zeros
      case "border": .border
      default: .reflection
      }
    let y = try call.make(x.type, [x.shape[0], x.shape[1]] + grid.shape[1...rank])
    if y.count == 0 { return [y] }
    let sampler = PointSampler(
      extents: Array(x.shape[2...]), mode: mode, padding: padding, endsAtCentres: isAligned)
    let points = grid.count / rank
    let bytes = try sampler.spend(points: points, channels: x.shape[1], call.budget)
    try call.budget.take(bytes: bytes)
    defer { call.budget.release(bytes: bytes) }
    let job = Sample(
      x: mode == .nearest ? try Casting.numbers(x) : x, y: mode == .nearest ? try Casting.numbers(y) : y,
      grid: try Casting.cast(call, grid, to: .double), isWide: grid.type == .double, isAligned: isAligned,
      sampler: sampler, threads: call.backend.threads)
    try job.x.type.visit(job)
    return [y]
  }

  private struct Sample: ElementVisitor {
    let x: Tensor
    let y: Tensor
    let grid: Tensor
    let isWide: Bool
    let isAligned: Bool
    let sampler: PointSampler
    let threads: Int

    func visit<T: Element>(_: T.Type) {
      let (from, to) = (x.values(T.self), y.values(T.self))
      let (channels, rank) = (x.shape[1], sampler.extents.count)
      let (plane, outputs) = (sampler.extents.product, grid.count / rank / x.shape[0])
      Parallel.split(grid.count / rank, threads: threads) { points in
        var point = [Double](repeating: 0, count: rank)
        var taps: [PointSampler.Tap] = []
        for number in points {
          for axis in 0..<rank { point[axis] = coordinate(number, axis) }
          sampler.fill(&taps, at: point)
          let (sample, place) = (number / outputs, number % outputs)
          for channel in 0..<channels {
            let start = (sample * channels + channel) * plane
            let target = (sample * channels + channel) * outputs + place
            if sampler.mode == .nearest {
              to[target] = taps.isEmpty ? T(narrowing: .zero) : from[start + taps[0].place]
            } else {
              let sum = taps.reduce(0) { $0 + $1.weight * from[start + $1.place].wide.asDouble }
              to[target] = T(narrowing: T.Wide(clamping: sum))
            }
          }
        }
      }
    }

    /// A point's coordinate on an axis, in elements.
    private func coordinate(_ number: Int, _ axis: Int) -> Double {
      let rank = sampler.extents.count
      let extent = Double(sampler.extents[axis])
      let normal = grid.values(Double.self)[number * rank + rank - 1 - axis]
      let place = isAligned ? (normal + 1) / 2 * (extent - 1) : ((normal + 1) * extent - 1) / 2
      // Ties of the nearest element are those of binary32, in which other runtimes compute coordinates.
      return sampler.mode == .nearest && !isWide ? Double(Float(place)) : place
    }
  }
}
