/// A box of a tensor's elements: the first index and the number of indices on each dimension.
struct PieceBox: Hashable, Sendable {
  let offsets: [Int]
  let sizes: [Int]

  /// Whether it has no element.
  var isEmpty: Bool { sizes.contains(0) }

  /// The index after the last one on a dimension; the caller has checked that it fits an Int.
  func end(_ dimension: Int) -> Int { offsets[dimension] + sizes[dimension] }

  /// Whether all of it is inside a tensor of this shape.
  func isInside(_ shape: [Int]) -> Bool {
    guard offsets.count == shape.count, sizes.count == shape.count else { return false }
    return shape.indices.allSatisfy { dimension in
      let (end, overflow) = offsets[dimension].addingReportingOverflow(sizes[dimension])
      return offsets[dimension] >= 0 && sizes[dimension] >= 0 && !overflow && end <= shape[dimension]
    }
  }

  /// The ranges as NumPy writes them: `[0:4, 8:12]`.
  var words: String {
    Self.words(zip(offsets, sizes).map { ($0, $0.addingReportingOverflow($1).partialValue) })
  }

  static func words(_ ranges: [(start: Int, end: Int)]) -> String {
    "[" + ranges.map { "\($0.start):\($0.end)" }.joined(separator: ", ") + "]"
  }
}
