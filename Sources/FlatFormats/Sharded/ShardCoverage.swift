/// Finds the bytes of several files that belong to no piece.
struct ShardCoverage {
  /// The bytes of a piece in one file.
  struct Taken {
    let file: Int
    let range: Range<Int>
  }

  /// Two pieces that share bytes of a file.
  struct Overlap: Error {
    /// The place in the list of the one that begins later.
    let place: Int
    let shared: Range<Int>
  }

  /// The ranges of each file that belong to no piece, by file and position.
  ///
  /// - Parameters:
  ///   - taken: ranges within the files, in any order.
  ///   - sizes: the bytes of each file.
  static func unused(
    by taken: [Taken], sizes: [Int]
  ) throws(Overlap) -> [(file: Int, range: Range<Int>)] {
    var ends = [Int](repeating: 0, count: sizes.count)
    var unused: [(file: Int, range: Range<Int>)] = []
    let order = taken.indices.filter { !taken[$0].range.isEmpty }.sorted { one, other in
      let (a, b) = (taken[one], taken[other])
      return (a.file, a.range.lowerBound, a.range.upperBound) < (
        b.file, b.range.lowerBound, b.range.upperBound
      )
    }
    for place in order {
      let (file, range) = (taken[place].file, taken[place].range)
      if range.lowerBound < ends[file] {
        throw Overlap(place: place, shared: range.lowerBound..<min(ends[file], range.upperBound))
      }
      if range.lowerBound > ends[file] { unused.append((file, ends[file]..<range.lowerBound)) }
      ends[file] = range.upperBound
    }
    for (file, end) in ends.enumerated() where end < sizes[file] { unused.append((file, end..<sizes[file])) }
    return unused.sorted { ($0.file, $0.range.lowerBound) < ($1.file, $1.range.lowerBound) }
  }
}
