/// How pieces make up a tensor.
///
/// On the first dimension, the ends of all pieces cut the tensor into bands. In each band every piece has all indices or
/// none, so the pieces of a band are boxes of the other dimensions, which are cut in the same way. Building this proves
/// that every element is in exactly one piece.
indirect enum PieceTiling {
  /// One piece has all elements of the remaining dimensions.
  case whole(piece: Int)
  /// Bands of the next dimension, in order, each with its number of indices.
  case bands([(extent: Int, part: PieceTiling)])

  /// The reason why pieces do not make up a tensor.
  enum Failure: Error {
    /// These elements are in no piece.
    case missing([(start: Int, end: Int)])
    /// These elements are in two pieces.
    case overlap([(start: Int, end: Int)], first: Int, second: Int)
    /// There are too many combinations of bands and pieces.
    case work
  }

  /// The tiling of a tensor that has elements.
  ///
  /// - Parameters:
  ///   - boxes: the pieces; each is inside the shape. Empty ones are ignored.
  ///   - work: the number of combinations of bands and pieces that may still be looked at.
  static func of(_ shape: [Int], _ boxes: [PieceBox], work: inout Int) throws(Failure) -> PieceTiling {
    var builder = Builder(shape: shape, boxes: boxes, work: work)
    defer { work = builder.work }
    return try builder.part(boxes.indices.filter { !boxes[$0].isEmpty }, from: 0)
  }

  /// Pieces that are consecutive rows, with these numbers of indices on the first dimension.
  init(rows: [Int]) { self = .bands(rows.enumerated().map { ($1, .whole(piece: $0)) }) }

  private struct Builder {
    let shape: [Int]
    let boxes: [PieceBox]
    var work: Int
    /// The bands of the dimensions before the current one.
    var ranges: [(start: Int, end: Int)] = []

    /// The recursion is as deep as the tensor has dimensions.
    mutating func part(_ pieces: [Int], from dimension: Int) throws(Failure) -> PieceTiling {
      work -= pieces.count + 1
      if work < 0 { throw .work }
      guard let first = pieces.first else { throw .missing(place(from: dimension)) }
      if pieces.count == 1, isWhole(boxes[first], from: dimension) { return .whole(piece: first) }
      guard dimension < shape.count else {
        throw .overlap(place(from: dimension), first: first, second: pieces[1])
      }
      let sorted = pieces.sorted { boxes[$0].offsets[dimension] < boxes[$1].offsets[dimension] }
      var ends = Set([0, shape[dimension]])
      for piece in pieces {
        ends.insert(boxes[piece].offsets[dimension])
        ends.insert(boxes[piece].end(dimension))
      }
      let cuts = ends.sorted()
      var bands: [(extent: Int, part: PieceTiling)] = []
      var active: [Int] = []
      var next = 0
      for (start, end) in zip(cuts, cuts.dropFirst()) {
        active.removeAll { boxes[$0].end(dimension) <= start }
        while next < sorted.count, boxes[sorted[next]].offsets[dimension] <= start {
          active.append(sorted[next])
          next += 1
        }
        ranges.append((start, end))
        bands.append((end - start, try part(active, from: dimension + 1)))
        ranges.removeLast()
      }
      return .bands(bands)
    }

    private func isWhole(_ box: PieceBox, from dimension: Int) -> Bool {
      (dimension..<shape.count).allSatisfy { box.offsets[$0] == 0 && box.sizes[$0] == shape[$0] }
    }

    /// The current bands, and all indices of the other dimensions.
    private func place(from dimension: Int) -> [(start: Int, end: Int)] {
      ranges + shape.dropFirst(ranges.count).map { (0, $0) }
    }
  }
}
