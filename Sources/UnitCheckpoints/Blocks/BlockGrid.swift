internal import Tensors

/// A cut tensor as rows of bytes; it gives the positions of each block's bytes in the flat tensor.
///
/// A *row* is everything inside one position of the dimensions before the last cut one. In a row, a block owns the byte
/// runs of its part of the last cut dimension. Its parts of the other cut dimensions determine which rows it owns. A
/// block's elements are in ascending flat order, so any window of the flat bytes contains one contiguous piece of each
/// block. For this reason both directions can stream.
///
/// Blocks are numbered by their parts, the last cut dimension fastest: row class × parts of the last cut + part.
package struct BlockGrid: TensorGeometry {
  /// A cut of one dimension, in positions.
  struct Cut {
    let dimension: Int
    let partCount: Int
    /// Runs of neighbouring positions of one part; together they fill the dimension.
    let segments: [IndexedCut.Segment]
  }

  /// Bytes of a row that belong to one part.
  struct Run {
    let start: Int
    let length: Int
  }

  /// Bytes of one row.
  let rowBytes: Int
  let rowCount: Int
  /// For each part of the last cut dimension, its runs in a row, ascending.
  let runs: [[Run]]
  /// The number of combinations of parts on the other cut dimensions.
  let classCount: Int
  private let outer: [OuterDimension]

  /// A dimension before the last cut one, as runs of neighbouring positions that add the same number to a row's class.
  ///
  /// It is stored as segments: one number for each position would take as much memory as the data of a long, thin
  /// tensor.
  private struct OuterDimension {
    let extent: Int
    /// The end of each segment, ascending; the last is the extent.
    let ends: [Int]
    let classes: [Int]

    init(extent: Int, segments: [IndexedCut.Segment]?, weight: Int?) {
      self.extent = extent
      var end = 0
      ends =
        segments?.map {
          end += $0.length
          return end
        } ?? [extent]
      classes = segments?.map { $0.part * (weight ?? 0) } ?? [0]
    }

    /// The number of the segment that contains a position.
    func segment(of position: Int) -> Int {
      var (low, high) = (0, ends.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if ends[middle] <= position { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }

  /// The grid of a tensor; nil for a tensor that is a single block, or empty.
  ///
  /// - Parameter cuts: the cuts by ascending dimension. A cut with a single part is ignored. Rows are then as long as
  ///   possible, and for elements that share bytes only a cut between two parts is known to be between blocks.
  init?(_ spec: TensorSpec, cuts: [Cut]) {
    let cuts = cuts.filter { $0.partCount > 1 }
    if cuts.isEmpty || spec.elementCount == 0 { return nil }
    let (shape, dtype) = (spec.shape, spec.dtype)
    let last = cuts[cuts.count - 1]
    let inner = shape[(last.dimension + 1)...].reduce(1, *)
    rowBytes = dtype.byteCount(ofElements: shape[last.dimension] * inner)
    rowCount = shape[..<last.dimension].reduce(1, *)

    var runs = [[Run]](repeating: [], count: last.partCount)
    var position = 0
    for segment in last.segments {
      let start = dtype.byteCount(ofElements: position * inner)
      position += segment.length
      let end = dtype.byteCount(ofElements: position * inner)
      runs[segment.part].append(Run(start: start, length: end - start))
    }
    self.runs = runs

    var weights = [Int](repeating: 1, count: cuts.count)
    var weight = 1
    for index in cuts.indices.dropLast().reversed() {
      weights[index] = weight
      weight *= cuts[index].partCount
    }
    classCount = weight
    var outer: [OuterDimension] = []
    for dimension in 0..<last.dimension {
      let cut = cuts.firstIndex { $0.dimension == dimension }
      outer.append(
        OuterDimension(
          extent: shape[dimension], segments: cut.map { cuts[$0].segments }, weight: cut.map { weights[$0] }))
    }
    self.outer = outer
  }

  /// The rows of a range by class, each list ascending; neighbouring rows of a class form one range.
  func rowsByClass(_ rows: Range<Int>) -> [[Range<Int>]] {
    var result = [[Range<Int>]](repeating: [], count: classCount)
    if classCount == 1 {
      result[0] = [rows]
      return result
    }
    // An odometer over the outer dimensions; it advances the last one by whole segments.
    var position = [Int](repeating: 0, count: outer.count)
    var rest = rows.lowerBound
    for dimension in outer.indices.reversed() {
      position[dimension] = rest % outer[dimension].extent
      rest /= outer[dimension].extent
    }
    var segments = outer.indices.map { outer[$0].segment(of: position[$0]) }
    var row = rows.lowerBound
    let fastest = outer.count - 1
    while row < rows.upperBound {
      var rowClass = 0
      for dimension in outer.indices { rowClass += outer[dimension].classes[segments[dimension]] }
      let count = min(outer[fastest].ends[segments[fastest]] - position[fastest], rows.upperBound - row)
      if let last = result[rowClass].last, last.upperBound == row {
        result[rowClass][result[rowClass].count - 1] = last.lowerBound..<row + count
      } else {
        result[rowClass].append(row..<row + count)
      }
      row += count
      position[fastest] += count
      var dimension = fastest
      while dimension >= 0 {
        if position[dimension] == outer[dimension].ends[segments[dimension]] { segments[dimension] += 1 }
        if segments[dimension] < outer[dimension].ends.count { break }
        position[dimension] = 0
        segments[dimension] = 0
        dimension -= 1
        if dimension >= 0 { position[dimension] += 1 }
      }
    }
    return result
  }
}
