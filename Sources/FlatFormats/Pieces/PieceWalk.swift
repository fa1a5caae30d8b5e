/// Walks a tensor in C order: runs of elements that are neighbours in one piece.
///
/// The elements of a box come in the same order in the tensor as in the piece, so each piece is read once, from its first
/// element to its last.
struct PieceWalk {
  /// A list of bands, and the place in it.
  private struct Frame {
    let bands: [(extent: Int, part: PieceTiling)]
    let dimension: Int
    var band = 0
    /// The index within the band.
    var row = 0
  }

  /// The number of elements of the dimensions after each one.
  private let inner: [Int]
  /// The number of elements of the tensor.
  let total: Int
  private var frames: [Frame] = []

  /// The tensor has elements, and their number fits an Int.
  init(_ tiling: PieceTiling, shape: [Int]) {
    var inner = [Int](repeating: 1, count: shape.count)
    for dimension in shape.indices.dropLast().reversed() {
      inner[dimension] = inner[dimension + 1] * shape[dimension + 1]
    }
    self.inner = inner
    total = shape.reduce(1, *)
    switch tiling {
    case .bands(let bands): frames = [Frame(bands: bands, dimension: 0)]
    // One band with one index on an outer dimension that the shape does not have.
    case .whole: frames = [Frame(bands: [(1, tiling)], dimension: -1)]
    }
  }

  /// The next run: a piece, and a number of elements; nil after the last one.
  mutating func next() -> (piece: Int, count: Int)? {
    while let frame = frames.last {
      let place = frames.count - 1
      if frame.band == frame.bands.count {
        frames.removeLast()
        advanceRow()
        continue
      }
      let (extent, part) = frame.bands[frame.band]
      switch part {
      case .whole(let piece):
        frames[place].band += 1
        return (piece, extent * rowCount(frame.dimension))
      case .bands(let bands): frames.append(Frame(bands: bands, dimension: frame.dimension + 1))
      }
    }
    return nil
  }

  /// The number of elements of one index of a dimension.
  private func rowCount(_ dimension: Int) -> Int { dimension < 0 ? total : inner[dimension] }

  /// Goes to the next index of the band that holds the finished bands.
  private mutating func advanceRow() {
    guard let last = frames.indices.last else { return }
    frames[last].row += 1
    if frames[last].row == frames[last].bands[frames[last].band].extent {
      frames[last].row = 0
      frames[last].band += 1
    }
  }
}
