internal import Glibc
internal import ONNXGraph

/// Interpolation along one axis after another, from the last to the first, in binary64.
struct Resampling {
  private let call: OperatorCall
  private let x: Tensor
  private let request: ResizeRequest

  init(_ call: OperatorCall, _ x: Tensor, _ request: ResizeRequest) {
    self.call = call
    self.x = x
    self.request = request
  }

  func result() throws(OperatorError) -> Tensor {
    // A result that is too large is refused before any axis is interpolated.
    _ = try Tensor.count(of: request.extents, call.budget)
    var y = try Casting.cast(call, x, to: .double)
    for axis in x.shape.indices.reversed() where isChanged(axis) { y = try resampled(y, axis) }
    return try Casting.cast(call, y, to: x.type)
  }

  private func isChanged(_ axis: Int) -> Bool {
    request.extents[axis] != x.shape[axis] || request.scales[axis] != 1
      || request.transformation == "tf_crop_and_resize"
  }

  private func resampled(_ x: Tensor, _ axis: Int) throws(OperatorError) -> Tensor {
    let extent = x.shape[axis]
    var shape = x.shape
    shape[axis] = request.extents[axis]
    let y = try call.make(.double, shape)
    if y.count == 0 { return y }
    let (from, to) = (x.values(Double.self), y.values(Double.self))
    let inner = x.shape[(axis + 1)...].product
    let outer = x.shape[..<axis].product
    // A small scale makes a wide filter, of up to twice the axis.
    let tapBytes = request.isAntialiased ? (2 * extent + 8) * 16 : 0
    try call.budget.take(bytes: tapBytes)
    defer { call.budget.release(bytes: tapBytes) }
    var taps: [(index: Int, weight: Double)] = []
    for o in 0..<shape[axis] {
      let isInside = fill(&taps, axis, o)
      try call.budget.spend(outer, inner, taps.count + 1)
      for line in 0..<outer {
        let target = (line * shape[axis] + o) * inner
        for place in 0..<inner {
          var sum = isInside ? 0 : request.extrapolation
          for tap in taps { sum += tap.weight * from[(line * extent + tap.index) * inner + place] }
          to[target + place] = sum
        }
      }
    }
    return y
  }

  /// Collects the elements of x, with weights, from which output `o` of an axis is computed. Returns false if the
  /// output is outside x and is extrapolated.
  private func fill(_ taps: inout [(index: Int, weight: Double)], _ axis: Int, _ o: Int) -> Bool {
    taps.removeAll(keepingCapacity: true)
    let extent = x.shape[axis]
    let origin = coordinate(o, axis)
    // A region or a scale from a file may be NaN or infinite.
    guard origin.isFinite else { return false }
    if request.transformation == "tf_crop_and_resize", origin < 0 || origin > Double(extent - 1) {
      return false
    }
    if request.mode == "nearest" {
      taps.append((min(max(nearest(origin, axis), 0), extent - 1), 1))
      return true
    }
    let scale = request.isAntialiased ? min(request.scales[axis], 1) : 1
    let reach = (request.mode == "linear" ? 1 : 2) / scale
    let base = origin.rounded(.down)
    // A filter that is wider than the axis only repeats its edges.
    let span = Int(min(reach.rounded(.up), Double(2 * extent + 4)))
    var sum = 0.0
    for step in (1 - span)...span {
      let place = base + Double(step)
      let distance = (place - origin) * scale
      let weight =
        request.mode == "linear"
        ? Interpolation.linear(distance) : Interpolation.cubic(distance, request.cubic)
      if weight == 0 { continue }
      let index = Int(min(max(place, -1), Double(extent)))
      if request.excludesOutside, index < 0 || index >= extent { continue }
      taps.append((min(max(index, 0), extent - 1), weight))
      sum += weight
    }
    for index in taps.indices { taps[index].weight /= sum }
    return true
  }

  /// The coordinate in x of output `o` of an axis.
  private func coordinate(_ o: Int, _ axis: Int) -> Double {
    let (position, scale) = (Double(o), request.scales[axis])
    let last = Double(x.shape[axis] - 1)
    // The length of the result before rounding is in · scale; this uses the rounded length, to which corners are
    // aligned.
    let width = Double(request.extents[axis])
    switch request.transformation {
    case "align_corners": return width == 1 ? 0 : position * last / (width - 1)
    case "asymmetric": return position / scale
    case "tf_crop_and_resize":
      let (start, end) = request.region[axis]
      return width == 1
        ? (start + end) / 2 * last : start * last + position * (end - start) * last / (width - 1)
    case "pytorch_half_pixel":
      return request.extents[axis] == 1 ? 0 : (position + 0.5) / scale - 0.5
    case "half_pixel_symmetric":
      let adjustment = width / (scale * Double(x.shape[axis]))
      let centre = Double(x.shape[axis]) / 2
      return centre * (1 - adjustment) + (position + 0.5) / scale - 0.5
    case "tf_half_pixel_for_nn": return (position + 0.5) / scale
    default: return (position + 0.5) / scale - 0.5
    }
  }

  private func nearest(_ origin: Double, _ axis: Int) -> Int {
    let place =
      switch request.nearestMode {
      case "simple": origin.rounded(request.scales[axis] < 1 ? .up : .down)
      case "floor": origin.rounded(.down)
      case "ceil": origin.rounded(.up)
      case "round_prefer_ceil": (origin + 0.5).rounded(.down)
      default: (origin - 0.5).rounded(.up)
      }
    return Int(min(max(place, -1), 1e15))
  }
}
