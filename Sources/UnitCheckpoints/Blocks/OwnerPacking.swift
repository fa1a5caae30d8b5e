internal import Glibc

/// Moves elements between flat order and pieces. Each owner has one piece, which is in flat order too.
package struct OwnerPacking {
  /// The owners that occur, ascending, with the byte ranges of their pieces.
  package let ranges: [(owner: Int, bytes: Range<Int>)]
  private let owners: UnsafeRawBufferPointer
  private let width: Int

  /// Lays out the pieces one after another.
  ///
  /// - Parameters:
  ///   - owners: the owner of each element, one byte each; it must stay valid as long as this value.
  ///   - width: bytes of an element.
  ///   - keeps: whether an owner has a piece; the elements of other owners are zero in flat order.
  package init(_ owners: UnsafeRawBufferPointer, width: Int, keeps: (Int) -> Bool = { _ in true }) {
    self.owners = owners
    self.width = width
    var end = 0
    var ranges: [(owner: Int, bytes: Range<Int>)] = []
    for (owner, count) in Self.counts(owners).enumerated() where count > 0 && keeps(owner) {
      ranges.append((owner, end..<end + count * width))
      end += count * width
    }
    self.ranges = ranges
  }

  /// The number of elements of each owner, for the owners 0 to 255.
  package static func counts(_ owners: UnsafeRawBufferPointer) -> [Int] {
    var counts = [Int](repeating: 0, count: 256)
    for owner in owners { counts[Int(owner)] += 1 }
    return counts
  }

  /// Moves all elements; both sides must have room for them.
  package func move(
    _ direction: MoveDirection, flat: UnsafeMutableRawPointer, pieces: UnsafeMutableRawPointer
  ) {
    switch width {
    case 1: move(as: UInt8.self, direction, flat, pieces)
    case 2: move(as: UInt16.self, direction, flat, pieces)
    case 4: move(as: UInt32.self, direction, flat, pieces)
    case 8: move(as: UInt64.self, direction, flat, pieces)
    default:
      var cursors = cursors
      for (element, owner) in owners.enumerated() {
        let (place, position) = (cursors[Int(owner)], element * width)
        if place < 0 {
          if direction == .piecesToFlat { memset(flat + position, 0, width) }
          continue
        }
        if direction == .piecesToFlat {
          memcpy(flat + position, pieces + place, width)
        } else {
          memcpy(pieces + place, flat + position, width)
        }
        cursors[Int(owner)] = place + width
      }
    }
  }

  /// For each owner, the offset of its next element in the pieces; −1 for owners without a piece.
  private var cursors: [Int] {
    var cursors = [Int](repeating: -1, count: 256)
    for (owner, bytes) in ranges { cursors[owner] = bytes.lowerBound }
    return cursors
  }

  private func move<Word: FixedWidthInteger & BitwiseCopyable>(
    as type: Word.Type, _ direction: MoveDirection, _ flat: UnsafeMutableRawPointer,
    _ pieces: UnsafeMutableRawPointer
  ) {
    var cursors = cursors
    for (element, owner) in owners.enumerated() {
      let (place, position) = (cursors[Int(owner)], element * width)
      if place >= 0 { cursors[Int(owner)] = place + width }
      if direction == .piecesToFlat {
        let word = place >= 0 ? pieces.loadUnaligned(fromByteOffset: place, as: Word.self) : 0
        flat.storeBytes(of: word, toByteOffset: position, as: Word.self)
      } else if place >= 0 {
        let word = flat.loadUnaligned(fromByteOffset: position, as: Word.self)
        pieces.storeBytes(of: word, toByteOffset: place, as: Word.self)
      }
    }
  }
}
