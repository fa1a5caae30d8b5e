/// A cut tensor seen as rows of bytes: where each block's bytes lie in the flat tensor.
///
/// A *row* is everything inside one position of the dimensions before the last cut one. Within a row a block owns
/// the byte runs of its part on the last cut dimension; which rows it owns follows from its parts on the other cut
/// dimensions. A block's elements are in ascending flat order, so any window of the flat bytes holds one contiguous
/// piece of each block: that is what lets both directions stream.
package struct BlockGrid {
  /// A cut of one dimension, in positions.
  struct Cut {
    let dimension: Int
    let partCount: Int
    /// Neighbouring positions of one part; they fill the dimension.
    let segments: [(part: Int, length: Int)]
  }

  /// Bytes of a row that belong to one part.
  package struct Run {
    package let start: Int
    package let length: Int
  }

  /// Bytes of one row.
  package let rowBytes: Int
  package let rowCount: Int
  /// Per part of the last cut dimension, its runs in a row, ascending.
  package let runs: [[Run]]
  /// Combinations of parts on the other cut dimensions.
  package let classCount: Int
  private let outer: [OuterDimension]

  private struct OuterDimension {
    let extent: Int
    /// What each position adds to the row's class; nil where the dimension is not cut.
    let classOfPosition: [Int32]?
  }

  /// - Parameters:
  ///   - shape: extents of the tensor, none of them zero.
  ///   - bits: bits per element; every run falls on byte boundaries (the partition has checked that).
  ///   - cuts: at least one, by ascending dimension.
  init(shape: [Int], bits: Int, cuts: [Cut]) {
    let last = cuts[cuts.count - 1]
    let innerBits = shape[(last.dimension + 1)...].reduce(bits, *)
    rowBytes = shape[last.dimension] * innerBits / 8
    rowCount = shape[..<last.dimension].reduce(1, *)

    var runs = [[Run]](repeating: [], count: last.partCount)
    var position = 0
    for segment in last.segments {
      let start = position * innerBits / 8
      position += segment.length
      runs[segment.part].append(Run(start: start, length: position * innerBits / 8 - start))
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
      if let index = cuts.firstIndex(where: { $0.dimension == dimension }) {
        var classes: [Int32] = []
        classes.reserveCapacity(shape[dimension])
        for segment in cuts[index].segments {
          let value = Int32(segment.part * weights[index])
          for _ in 0..<segment.length { classes.append(value) }
        }
        outer.append(OuterDimension(extent: shape[dimension], classOfPosition: classes))
      } else {
        outer.append(OuterDimension(extent: shape[dimension], classOfPosition: nil))
      }
    }
    self.outer = outer
    classWeights = Array(weights.dropLast())
  }

  private let classWeights: [Int]

  /// The row class and the part on the last cut dimension of the block with these coordinates.
  package func place(of coordinates: [Int]) -> (rowClass: Int, part: Int) {
    var rowClass = 0
    for (coordinate, weight) in zip(coordinates, classWeights) { rowClass += coordinate * weight }
    return (rowClass, coordinates[coordinates.count - 1])
  }

  /// Bytes that a row of the right class gives to `part`.
  func bytesPerRow(of part: Int) -> Int { runs[part].reduce(0) { $0 + $1.length } }

  /// The rows of a range by class, each list ascending.
  package func rowsByClass(_ rows: Range<Int>) -> [[Int]] {
    var result = [[Int]](repeating: [], count: classCount)
    if classCount == 1 {
      result[0] = Array(rows)
      return result
    }
    // An odometer over the outer dimensions, the last one turning fastest.
    var index = [Int](repeating: 0, count: outer.count)
    var rest = rows.lowerBound
    for dimension in outer.indices.reversed() {
      index[dimension] = rest % outer[dimension].extent
      rest /= outer[dimension].extent
    }
    for row in rows {
      var rowClass = 0
      for dimension in outer.indices {
        if let classes = outer[dimension].classOfPosition { rowClass += Int(classes[index[dimension]]) }
      }
      result[rowClass].append(row)
      var dimension = outer.count - 1
      while dimension >= 0 {
        index[dimension] += 1
        if index[dimension] < outer[dimension].extent { break }
        index[dimension] = 0
        dimension -= 1
      }
    }
    return result
  }
}
