/// The elements of a window sorted by owner, each owner's in flat order.
struct OwnerPacking {
  /// The owners that occur, ascending, with the bytes that are theirs in the packed window.
  let ranges: [(owner: Int, bytes: Range<Int>)]
  private let map: UnsafeRawBufferPointer
  private let width: Int

  /// - Parameter map: a byte for each element of the window: its owner.
  init(_ map: UnsafeRawBufferPointer, width: Int) {
    self.map = map
    self.width = width
    var end = 0
    var ranges: [(owner: Int, bytes: Range<Int>)] = []
    for (owner, count) in Self.counts(map).enumerated() where count > 0 {
      ranges.append((owner, end..<end + count * width))
      end += count * width
    }
    self.ranges = ranges
  }

  /// How many elements each owner has, by owner.
  static func counts(_ map: UnsafeRawBufferPointer) -> [Int] {
    var counts = [Int](repeating: 0, count: 256)
    for owner in map { counts[Int(owner)] += 1 }
    return counts
  }

  /// Sorts elements; both buffers hold at least as many as the map has bytes.
  func pack(_ flat: UnsafeRawBufferPointer, into packed: UnsafeMutableRawBufferPointer) {
    guard let source = flat.baseAddress, let target = packed.baseAddress else { return }
    var cursors = [Int](repeating: 0, count: 256)
    for (owner, bytes) in ranges { cursors[owner] = bytes.lowerBound }
    switch width {
    case 1: move(as: UInt8.self, source, &cursors, target)
    case 2: move(as: UInt16.self, source, &cursors, target)
    case 4: move(as: UInt32.self, source, &cursors, target)
    case 8: move(as: UInt64.self, source, &cursors, target)
    default:
      for (element, owner) in map.enumerated() {
        (target + cursors[Int(owner)]).copyMemory(from: source + element * width, byteCount: width)
        cursors[Int(owner)] += width
      }
    }
  }

  private func move<Word: FixedWidthInteger & BitwiseCopyable>(
    as type: Word.Type, _ source: UnsafeRawPointer, _ cursors: inout [Int], _ target: UnsafeMutableRawPointer
  ) {
    for (element, owner) in map.enumerated() {
      let word = source.loadUnaligned(fromByteOffset: element * width, as: Word.self)
      target.storeBytes(of: word, toByteOffset: cursors[Int(owner)], as: Word.self)
      cursors[Int(owner)] += width
    }
  }
}
