internal import ONNXGraph

/// y[r, c, i, j] = the mean, or greatest value, of x[n, c] at points of a grid in bin (i, j) of region r
///
/// A region is multiplied by `spatial_scale` (1) and moved by −½, or not with `output_half_pixel` (always before version
/// 16), where its sides are at least 1. `sampling_ratio` (0) is the number of points on a bin's sides; 0 means the side's
/// length, rounded up. Interpolation is bilinear; points more than 1 outside x count as 0. With `mode` max (avg), the
/// greatest of the four weighted elements counts, not of their sum: so do ONNX's data and ONNX Runtime. x: floats, [N, C,
/// H, W]; regions: as x, [R, 4], each x₁, y₁, x₂, y₂; samples n: INT64, [R]; `output_height` (1), `output_width` (1) → y: as
/// x, [R, C, height, width]. Source: ONNX `RoiAlign`, versions 10, 16, 22.
enum RoiAlign: Operator {
  static var since: Int { 10 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0, rank: 4)
    let regions = try call.input(1, type: x.type)
    let samples = try call.input(2, type: .int64)
    guard regions.rank == 2, regions.shape[1] == 4 else {
      throw call.wrong(1, "[regions, 4]", found: shapeText(regions.shape))
    }
    guard samples.shape == [regions.shape[0]] else {
      throw call.wrong(2, "[\(regions.shape[0])]", found: shapeText(samples.shape))
    }
    for sample in samples.values(Int64.self).prefix(samples.count) where sample < 0 || sample >= x.shape[0] {
      throw call.wrong(2, "samples below \(x.shape[0])", found: "\(sample)")
    }
    let (rows, columns) = (try call.int("output_height") ?? 1, try call.int("output_width") ?? 1)
    let ratio = try call.int("sampling_ratio") ?? 0
    guard rows >= 1, columns >= 1, ratio >= 0 else {
      throw OperatorError(
        "a height and a width of 1 or more, a ratio of 0 or more", found: "\(rows), \(columns) and \(ratio)")
    }
    let word = try call.word(
      "coordinate_transformation_mode", ["half_pixel", "output_half_pixel"], default: "half_pixel")
    let isMoved = call.opset >= 16 && word == "half_pixel"
    let y = try call.make(x.type, [regions.shape[0], x.shape[1], rows, columns])
    let align = Align(
      call: call, x: x, y: y, regions: try Casting.cast(call, regions, to: .double).values(Double.self),
      samples: samples.values(Int64.self), scale: try call.float("spatial_scale") ?? 1, ratio: ratio,
      isMoved: isMoved, isMean: try call.word("mode", ["avg", "max"], default: "avg") == "avg")
    try x.type.visitFloats(align)
    return [y]
  }
}

private struct Align: FloatVisitor {
  let call: OperatorCall
  let x: Tensor
  let y: Tensor
  let regions: Elements<Double>
  let samples: Elements<Int64>
  let scale: Double
  let ratio: Int
  let isMoved: Bool
  let isMean: Bool

  func visit<T: Element>(_: T.Type) throws(OperatorError) where T.Wide == Double {
    let (from, to) = (x.values(T.self), y.values(T.self))
    let (channels, height, width) = (x.shape[1], x.shape[2], x.shape[3])
    let (rows, columns) = (y.shape[2], y.shape[3])
    if y.count == 0 { return }
    for region in 0..<y.shape[0] {
      let down = try Side(self, region, 1, bins: rows, extent: height)
      let across = try Side(self, region, 0, bins: columns, extent: width)
      try call.budget.spend([rows, columns, channels, down.points, across.points, 4])
      for row in 0..<rows {
        for column in 0..<columns {
          for channel in 0..<channels {
            let plane = (Int(samples[region]) * channels + channel) * height * width
            var (sum, greatest) = (0.0, -Double.infinity)
            for i in 0..<down.points {
              guard let v = down.taps(row, i) else { greatest = max(greatest, 0); continue }
              for j in 0..<across.points {
                guard let h = across.taps(column, j) else { greatest = max(greatest, 0); continue }
                let a = (1 - v.rest) * (1 - h.rest) * from[plane + v.low * width + h.low].wide
                let b = (1 - v.rest) * h.rest * from[plane + v.low * width + h.high].wide
                let c = v.rest * (1 - h.rest) * from[plane + v.high * width + h.low].wide
                let d = v.rest * h.rest * from[plane + v.high * width + h.high].wide
                sum += a + b + c + d
                greatest = max(greatest, a, b, c, d)
              }
            }
            let count = down.points * across.points
            let result = count == 0 ? 0 : isMean ? sum / Double(count) : greatest
            to[((region * channels + channel) * rows + row) * columns + column] = T(narrowing: result)
          }
        }
      }
    }
  }

  /// One side of a region: its bins, and the points in each of them.
  private struct Side {
    let points: Int
    private let start: Double
    private let bin: Double
    private let extent: Int

    /// - Parameter place: 0 for the horizontal side, 1 for the vertical one.
    init(_ align: Align, _ region: Int, _ place: Int, bins: Int, extent: Int) throws(OperatorError) {
      let shift = align.isMoved ? 0.5 : 0
      start = align.regions[region * 4 + place] * align.scale - shift
      let length = align.regions[region * 4 + place + 2] * align.scale - shift - start
      guard start.isFinite, length.isFinite else {
        throw align.call.wrong(1, "finite corners", found: "\(start) and \(start + length)")
      }
      bin = (align.isMoved ? length : max(length, 1)) / Double(bins)
      let count = align.ratio > 0 ? Double(align.ratio) : max(0, bin.rounded(.up))
      guard count < 0x1p31 else { throw align.call.wrong(1, "smaller regions", found: "\(length)") }
      points = Int(count)
      self.extent = extent
    }

    /// The elements before and after a point, and its distance from the first; nil outside x.
    func taps(_ number: Int, _ point: Int) -> (low: Int, high: Int, rest: Double)? {
      let place = start + bin * (Double(number) + (Double(point) + 0.5) / Double(points))
      guard place >= -1, place <= Double(extent), extent > 0 else { return nil }
      let inside = max(place, 0)
      let low = min(Int(inside), extent - 1)
      return low == extent - 1 ? (low, low, 0) : (low, low + 1, inside - Double(low))
    }
  }
}
