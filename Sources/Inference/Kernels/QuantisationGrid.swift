internal import ONNXGraph

/// The scale and zero point of each element: one for the tensor, one for each index along an axis, or one for each block
/// of neighbours along an axis.
struct QuantisationGrid: Sendable {
  /// The elements before, along and after the axis.
  private let outer: Int
  private let extent: Int
  private let inner: Int
  /// Elements along the axis that share a scale.
  private let block: Int
  /// The distances in the scales if the three indices grow by one (along the axis: by one block).
  private let steps: (outer: Int, axis: Int, inner: Int)

  /// - Parameters:
  ///   - scales: the shape of the scales.
  ///   - block: the elements of a block; 0 without blocks.
  init(_ call: OperatorCall, _ shape: [Int], scales: [Int], axis: Int, block: Int) throws(OperatorError) {
    if block == 0, scales.count <= 1, scales.product == 1 {
      (outer, extent, inner, self.block, steps) = (1, 1, shape.product, 1, (0, 0, 0))
      return
    }
    let axis = try call.axis(axis, rank: shape.count)
    outer = shape[..<axis].product
    extent = shape[axis]
    inner = shape[(axis + 1)...].product
    var expected = shape
    if block == 0 {
      expected = [extent]
      (self.block, steps) = (1, (0, 1, 0))
    } else {
      guard block > 0 else {
        throw OperatorError("0 or more", found: "\(block)", subject: "attribute 'block_size'")
      }
      let count = extent / block + (extent % block == 0 ? 0 : 1)
      expected[axis] = count
      (self.block, steps) = (min(block, max(1, extent)), (count &* inner, inner, 1))
    }
    guard scales == expected else {
      throw OperatorError(
        "scales of shape \(shapeText(expected)) for \(shapeText(shape))", found: shapeText(scales))
    }
  }

  /// Calls `body` for runs of contiguous elements that cover the tensor: `count` elements from `start` on have the scales
  /// `place`, `place + step`, ….
  func forEachRun(_ body: (_ start: Int, _ count: Int, _ place: Int, _ step: Int) -> Void) {
    if outer == 0 || extent == 0 || inner == 0 { return }
    var start = 0
    for part in 0..<outer {
      if inner == 1, block == 1 {
        body(start, extent, part * steps.outer, steps.axis)
        start += extent
        continue
      }
      // A block is one run if nothing is after the axis.
      let length = inner == 1 ? block : 1
      for first in stride(from: 0, to: extent, by: length) {
        let count = min(length, extent - first) * inner
        body(start, count, part * steps.outer + first / block * steps.axis, inner == 1 ? 0 : steps.inner)
        start += count
      }
    }
  }

  /// The scales of a run: element i has the scale (first + i) / block · step.
  struct Run {
    let first: Int
    let block: Int
    let step: Int
  }

  /// Calls `body` for runs of contiguous elements that cover `count` elements from `first` on. The scales of a run begin
  /// at `place`.
  func forEachRun(
    from first: Int, count: Int, _ body: (_ start: Int, _ count: Int, _ place: Int, Run) -> Void
  ) {
    var position = first
    while position < first + count {
      let rest = first + count - position
      let (line, along) = (position / (extent * inner), position / inner % extent)
      let length: Int
      if inner == 1 {
        length = min(extent - along, rest)
        body(position, length, line * steps.outer, Run(first: along, block: block, step: steps.axis))
      } else {
        let within = position % inner
        length = min(inner - within, rest)
        let place = line * steps.outer + along / block * steps.axis + within * steps.inner
        body(position, length, place, Run(first: 0, block: 1, step: steps.inner))
      }
      position += length
    }
  }
}
