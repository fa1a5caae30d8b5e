import TestSupport
import Testing

@testable import FlatFormats

/// Compares tilings with a count of every element.
@Suite("Pieces of a tensor")
struct PieceTilingTests {
  /// The boxes of a tensor that is cut in two again and again, in any order.
  private static func cut(_ shape: [Int], _ random: inout SeededGenerator) -> [PieceBox] {
    var boxes = [PieceBox(offsets: shape.map { _ in 0 }, sizes: shape)]
    for _ in 0..<random.number(in: 0...6) {
      let place = random.number(in: 0...boxes.count - 1)
      let box = boxes[place]
      guard let dimension = box.sizes.indices.filter({ box.sizes[$0] > 1 }).randomElement(using: &random)
      else { continue }
      let count = random.number(in: 1...box.sizes[dimension] - 1)
      var (first, second, offsets) = (box.sizes, box.sizes, box.offsets)
      first[dimension] = count
      second[dimension] -= count
      offsets[dimension] += count
      boxes[place] = PieceBox(offsets: box.offsets, sizes: first)
      boxes.insert(
        PieceBox(offsets: offsets, sizes: second), at: random.number(in: 0...boxes.count))
    }
    return boxes
  }

  /// Every index of a box, in C order.
  private static func indices(_ box: PieceBox) -> [[Int]] {
    zip(box.offsets, box.sizes).reduce([[]]) { lists, range in
      lists.flatMap { list in (range.0..<range.0 + range.1).map { list + [$0] } }
    }
  }

  @Test("a walk visits every element once, in C order of the tensor and of each piece")
  func walk() throws {
    var random = SeededGenerator(seed: 5)
    for _ in 0..<300 {
      let shape = (0..<random.number(in: 0...4)).map { _ in random.number(in: 1...5) }
      var boxes = Self.cut(shape, &random)
      // Ranks without rows have empty pieces.
      if let extent = shape.first, random.number(in: 0...2) == 0 {
        boxes.append(
          PieceBox(offsets: [extent] + shape.dropFirst().map { _ in 0 }, sizes: [0] + shape.dropFirst()))
      }
      var work = 100_000
      var walk = PieceWalk(try PieceTiling.of(shape, boxes, work: &work), shape: shape)
      var left = boxes.map { Self.indices($0)[...] }
      var visited: [[Int]] = []
      while let (piece, count) = walk.next() {
        visited += left[piece].prefix(count)
        left[piece] = left[piece].dropFirst(count)
      }
      #expect(visited == Self.indices(PieceBox(offsets: shape.map { _ in 0 }, sizes: shape)))
      #expect(left.allSatisfy { $0.isEmpty })
    }
  }

  @Test("missing elements and elements in two pieces are found, and their place is right")
  func defects() {
    var random = SeededGenerator(seed: 9)
    var (missing, overlaps) = (0, 0)
    for _ in 0..<300 {
      let shape = (0..<random.number(in: 1...3)).map { _ in random.number(in: 1...5) }
      var boxes = Self.cut(shape, &random)
      if random.number(in: 0...1) == 0 {
        boxes.remove(at: random.number(in: 0...boxes.count - 1))
      } else {
        let offsets = shape.map { random.number(in: 0...$0 - 1) }
        boxes.append(PieceBox(offsets: offsets, sizes: offsets.map { _ in 1 }))
      }
      var counts: [[Int]: Int] = [:]
      for box in boxes { for index in Self.indices(box) { counts[index, default: 0] += 1 } }
      var work = 100_000
      do throws(PieceTiling.Failure) {
        _ = try PieceTiling.of(shape, boxes, work: &work)
        Issue.record("no defect in \(boxes)")
      } catch {
        switch error {
        case .missing(let ranges):
          let place = PieceBox(offsets: ranges.map(\.start), sizes: ranges.map { $0.end - $0.start })
          #expect(Self.indices(place).allSatisfy { counts[$0] == nil })
          missing += 1
        case .overlap(let ranges, let first, let second):
          let place = PieceBox(offsets: ranges.map(\.start), sizes: ranges.map { $0.end - $0.start })
          for index in Self.indices(place) {
            #expect(Self.indices(boxes[first]).contains(index) && Self.indices(boxes[second]).contains(index))
          }
          overlaps += 1
        case .work: Issue.record("too much work for \(boxes)")
        }
      }
    }
    #expect(missing > 100 && overlaps > 100)
  }

  @Test("pieces that are no grid are given up before they take long")
  func work() {
    // Tall pieces beside many short ones: every band has all of the tall ones.
    let count = 2000
    let boxes =
      (0..<count).map { PieceBox(offsets: [0, $0], sizes: [count, 1]) }
      + (0..<count).map { PieceBox(offsets: [$0, count], sizes: [1, 1]) }
    var work = 1_000_000
    #expect(throws: PieceTiling.Failure.self) {
      _ = try PieceTiling.of([count, count + 1], boxes, work: &work)
    }
    #expect(work < 0)
  }
}
