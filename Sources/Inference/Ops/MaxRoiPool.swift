internal import ONNXGraph

/// y[r, c, i, j] = the greatest x[n, c, h, w] in bin (i, j) of region r of sample n; 0 for a bin without elements
///
/// A region's corners are multiplied by `spatial_scale` (1) and rounded; it includes both and has at least one element.
/// Bin i of I covers its rows from ⌊i · rows / I⌋ to ⌈(i + 1) · rows / I⌉. x: floats, [N, C, H, W]; regions: as x, [R, 5],
/// each n, x₁, y₁, x₂, y₂; `pooled_shape`: I, J → y: as x, [R, C, I, J]. Source: ONNX `MaxRoiPool`, versions 1, 22.
enum MaxRoiPool: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0, rank: 4)
    let regions = try call.input(1, type: x.type)
    guard regions.rank == 2, regions.shape[1] == 5 else {
      throw call.wrong(1, "[regions, 5]", found: shapeText(regions.shape))
    }
    let bins = try call.ints("pooled_shape") ?? []
    guard bins.count == 2, bins.allSatisfy({ $0 >= 1 }) else {
      throw OperatorError(
        "two extents of 1 or more", found: shapeText(bins), subject: "attribute 'pooled_shape'")
    }
    let scale = try call.float("spatial_scale") ?? 1
    let y = try call.make(x.type, [regions.shape[0], x.shape[1]] + bins)
    let corners = try Casting.cast(call, regions, to: .double).values(Double.self)
    try x.type.visitFloats(Pool(call: call, x: x, y: y, corners: corners, scale: scale))
    return [y]
  }

  private struct Pool: FloatVisitor {
    let call: OperatorCall
    let x: Tensor
    let y: Tensor
    let corners: Elements<Double>
    let scale: Double

    func visit<T: Element>(_: T.Type) throws(OperatorError) where T.Wide == Double {
      let (from, to) = (x.values(T.self), y.values(T.self))
      let (channels, height, width) = (x.shape[1], x.shape[2], x.shape[3])
      let (rows, columns) = (y.shape[2], y.shape[3])
      for region in 0..<y.shape[0] {
        let sample = corners[region * 5]
        guard sample >= 0, sample < Double(x.shape[0]) else {
          throw call.wrong(1, "samples below \(x.shape[0])", found: "\(sample)")
        }
        for row in 0..<rows {
          let down = try bin(region, 2, row, rows, height)
          for column in 0..<columns {
            let across = try bin(region, 1, column, columns, width)
            try call.budget.spend(channels, down.count, across.count)
            for channel in 0..<channels {
              let plane = Int(sample) * channels + channel
              var greatest = down.isEmpty || across.isEmpty ? 0 : -Double.infinity
              for h in down {
                for w in across {
                  let value = from[(plane * height + h) * width + w].wide
                  if value > greatest || value.isNaN { greatest = value }
                }
              }
              to[((region * channels + channel) * rows + row) * columns + column] = T(narrowing: greatest)
            }
          }
        }
      }
    }

    /// The elements of a bin along one axis; `first` is the place of the axis's first corner in a region.
    private func bin(
      _ region: Int, _ first: Int, _ bin: Int, _ count: Int, _ extent: Int
    ) throws(OperatorError) -> Range<Int> {
      let start = try corner(region, first)
      let size = max(1, try corner(region, first + 2) - start + 1)
      // Sizes and counts are below 2³², so their products do not overflow.
      let from = min(max(start + bin * size / count, 0), extent)
      let to = min(max(start + ((bin + 1) * size + count - 1) / count, 0), extent)
      return from..<max(from, to)
    }

    private func corner(_ region: Int, _ place: Int) throws(OperatorError) -> Int {
      let corner = (corners[region * 5 + place] * scale).rounded(.toNearestOrAwayFromZero)
      guard corner.magnitude < 0x1p30 else {
        throw call.wrong(1, "corners below \(1 << 30)", found: "\(corner)")
      }
      return Int(corner)
    }
  }
}
