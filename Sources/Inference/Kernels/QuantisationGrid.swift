internal import ONNXGraph

/// The scale and zero point of each element: one for the tensor, one for each index along an axis, or one for each block
/// of neighbours along an axis.
struct QuantisationGrid {
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
}
