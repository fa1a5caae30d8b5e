internal import Tensors
package import UnitModel

extension BlockGrid {
  /// The grid of what is read of a stored tensor; nil where that is one block, or nothing.
  init?(_ selection: TensorSelection) {
    self.init(
      selection.spec,
      cuts: selection.cuts.enumerated().map { place, cut in
        Cut(dimension: cut.dimension, place: place, partCount: cut.partCount, segments: cut.segments)
      })
  }

  /// The grid of a placement; nil for a tensor that is stored as one block, or has no elements.
  package init?(_ placement: TensorPlacement) {
    let cuts = placement.cutDimensions.compactMap { dimension in
      placement.cuts[dimension].map { (dimension: dimension, cut: $0) }
    }
    self.init(
      placement.spec,
      cuts: cuts.enumerated().map { place, pair in
        Cut(
          dimension: pair.dimension, place: place, partCount: pair.cut.parts.count,
          segments: pair.cut.segments.map { (part: $0.part, length: $0.length) })
      })
  }

  /// A dimension with one part is not cut: rows are as long as they can be, and of packed elements only a cut between
  /// two parts is known to fall between bytes.
  private init?(_ spec: TensorSpec, cuts: [Cut]) {
    let cuts = cuts.filter { $0.partCount > 1 }
    if cuts.isEmpty || spec.elementCount == 0 { return nil }
    self.init(shape: spec.shape, bits: spec.dtype.bits, cuts: cuts)
  }

  /// For each row class and last part, the number of the block that lies there, or −1 where there is none.
  ///
  /// The index is `rowClass × runs.count + part`.
  package func blockNumbers(coordinates: [[Int]]) -> [Int] {
    var numbers = [Int](repeating: -1, count: classCount * runs.count)
    for (number, coordinates) in coordinates.enumerated() {
      let (rowClass, part) = place(of: coordinates)
      numbers[rowClass * runs.count + part] = number
    }
    return numbers
  }
}
