internal import Tensors
package import UnitModel

extension BlockGrid {
  /// The grid of a stored tensor that is cut.
  init?(_ spec: TensorSpec, cuts: [(dimension: Int, cut: IndexedCut)]) {
    if cuts.isEmpty || spec.elementCount == 0 { return nil }
    self.init(
      shape: spec.shape, bits: spec.dtype.bits,
      cuts: cuts.map {
        Cut(dimension: $0.dimension, partCount: $0.cut.parts.count, segments: $0.cut.segments)
      })
  }

  /// The grid of a placement; nil for a tensor that is stored whole.
  package init?(_ placement: TensorPlacement) {
    let cuts = placement.cutDimensions.compactMap { dimension in
      placement.cuts[dimension].map { cut in
        Cut(
          dimension: dimension, partCount: cut.parts.count,
          segments: cut.segments.map { (part: $0.part, length: $0.length) })
      }
    }
    if cuts.isEmpty || placement.spec.elementCount == 0 { return nil }
    self.init(shape: placement.spec.shape, bits: placement.spec.dtype.bits, cuts: cuts)
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
