internal import Synchronization
internal import Tensors

/// A section of the index.
package struct IndexedSection: Sendable {
  package let key: SectionKey
  package let byteCount: Int
  /// The address of its bytes in the file as it was written; nil if it has no bytes, or if HDF5 must find them.
  package internal(set) var address: Int?
  /// The row of `pages` for its first page.
  let firstPage: Int
}

/// The place of a tensor's block.
package struct BlockPlace: Sendable, Equatable {
  /// A row of `sections`.
  package let section: Int
  /// Bytes from the start of the section.
  package let offset: Int
  package let byteCount: Int
}

/// The places of all blocks of all tensors, which follow from the cuts and the order of the layout.
package final class SectionMap: Sendable {
  /// The sections, in the order of the index.
  package let sections: [IndexedSection]
  /// Bytes of a page.
  package let pageBytes: Int
  /// The number of pages of all sections.
  package let pageCount: Int

  private let patterns: [BlockPattern]
  private let patternOfTensor: [Int32]
  private let index: CheckpointIndex
  /// The number of tensors between two entries of `marks`.
  private let interval: Int
  /// For each section, its offset before tensor 0, tensor `interval`, tensor 2 · `interval`, ….
  private let marks: [[Int]]
  private let cursor: Mutex<Cursor>

  private struct Cursor {
    /// The number of the next tensor.
    var tensor = 0
    /// For each section, the offset at which the next tensor's data begin.
    var offsets: [Int]
  }

  /// - Parameters:
  ///   - rows: the row of each section of the census.
  ///   - addresses: the address of each section, by row.
  init(_ index: CheckpointIndex, _ census: SectionCensus, rows: [Int], addresses: [Int?], pageBytes: Int) {
    self.index = index
    self.pageBytes = pageBytes
    patternOfTensor = census.patternOfTensor
    patterns = census.patterns.map { pattern in
      BlockPattern(
        stretches: pattern.stretches.map { .init(section: rows[$0.section], elements: $0.elements) },
        isOfElements: pattern.isOfElements)
    }
    var ordered = [(key: SectionKey, byteCount: Int)?](repeating: nil, count: rows.count)
    for (number, row) in rows.enumerated() { ordered[row] = (census.keys[number], census.byteCounts[number]) }
    var sections: [IndexedSection] = []
    sections.reserveCapacity(rows.count)
    var page = 0
    for (row, section) in ordered.enumerated() {
      guard let section else { continue }
      sections.append(
        IndexedSection(
          key: section.key, byteCount: section.byteCount, address: addresses[row], firstPage: page))
      page += Self.pages(of: section.byteCount, pageBytes)
    }
    self.sections = sections
    pageCount = page
    // All marks together are at most about a million numbers.
    interval = max(64, (sections.count * index.tensors.count) >> 20)
    var offsets = [Int](repeating: 0, count: sections.count)
    var marks: [[Int]] = []
    for number in index.tensors.indices {
      if number % interval == 0 { marks.append(offsets) }
      Self.advance(&offsets, over: number, patternOfTensor, patterns, index)
    }
    self.marks = marks
    cursor = Mutex(Cursor(offsets: [Int](repeating: 0, count: sections.count)))
  }

  /// The number of pages that a number of bytes takes.
  static func pages(of byteCount: Int, _ pageBytes: Int) -> Int {
    byteCount / pageBytes + (byteCount % pageBytes == 0 ? 0 : 1)
  }

  private static func advance(
    _ offsets: inout [Int], over number: Int, _ patternOfTensor: [Int32], _ patterns: [BlockPattern],
    _ index: CheckpointIndex
  ) {
    let pattern = Int(patternOfTensor[number])
    if pattern < 0 { return }
    let tensor = index.tensors[number]
    let inner = patterns[pattern].inner(of: tensor)
    for stretch in patterns[pattern].stretches {
      offsets[stretch.section] += stretch.byteCount(inner, tensor.spec.dtype)
    }
  }

  /// The blocks of a tensor with its own data, in order; empty for other tensors.
  ///
  /// If dimensions are cut, a block's number is Σ part × stride; the last cut dimension varies fastest.
  package func blocks(ofTensor number: Int) -> [BlockPlace] {
    guard patternOfTensor[number] >= 0 else { return [] }
    let pattern = patterns[Int(patternOfTensor[number])]
    let tensor = index.tensors[number]
    let inner = pattern.inner(of: tensor)
    var starts = self.starts(of: number, pattern)
    if pattern.isOfElements || !tensor.isCut {
      return pattern.stretches.indices.map { place in
        let stretch = pattern.stretches[place]
        return BlockPlace(
          section: stretch.section, offset: starts[place],
          byteCount: stretch.byteCount(inner, tensor.spec.dtype))
      }
    }
    let cuts = index.cuts(of: tensor).map(\.cut)
    var places: [[Int]: Int] = [:]
    for (place, stretch) in pattern.stretches.enumerated() {
      places[sections[stretch.section].key.units] = place
    }
    var result: [BlockPlace] = []
    result.reserveCapacity(cuts.reduce(1) { $0 * $1.parts.count })
    var parts = [Int](repeating: 0, count: cuts.count)
    repeat {
      var units = tensor.units
      var elements = 1
      for (cut, part) in zip(cuts, parts) {
        units = units.inserting(cut.parts[part].unit)
        elements *= cut.partSizes[part]
      }
      // Every set of units of a block was found when the stretches were counted.
      guard let place = places[units] else { break }
      let byteCount = tensor.spec.dtype.byteCount(ofElements: elements * inner)
      result.append(
        BlockPlace(section: pattern.stretches[place].section, offset: starts[place], byteCount: byteCount))
      starts[place] += byteCount
    } while Self.advance(&parts, in: cuts)
    return result
  }

  /// The offset of the tensor's data in each section of its pattern.
  private func starts(of number: Int, _ pattern: BlockPattern) -> [Int] {
    cursor.withLock { cursor in
      if number < cursor.tensor || number - cursor.tensor > interval {
        cursor = Cursor(tensor: number / interval * interval, offsets: marks[number / interval])
      }
      while cursor.tensor < number {
        Self.advance(&cursor.offsets, over: cursor.tensor, patternOfTensor, patterns, index)
        cursor.tensor += 1
      }
      return pattern.stretches.map { cursor.offsets[$0.section] }
    }
  }

  /// Goes to the next combination of parts; the last cut dimension varies fastest. Returns false after the last block.
  private static func advance(_ parts: inout [Int], in cuts: [IndexedCut]) -> Bool {
    for place in parts.indices.reversed() {
      parts[place] += 1
      if parts[place] < cuts[place].parts.count { return true }
      parts[place] = 0
    }
    return false
  }

  /// The sections that hold data of a tensor.
  package func sections(ofTensor number: Int) -> [Int] {
    patternOfTensor[number] < 0 ? [] : patterns[Int(patternOfTensor[number])].stretches.map(\.section)
  }
}
