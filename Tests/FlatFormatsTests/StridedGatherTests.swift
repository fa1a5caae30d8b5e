import Tensors
import TestSupport
import Testing

@testable import FlatFormats

@Suite("Tensors with strides")
struct StridedGatherTests {
  /// A storage in memory.
  private final class Bytes: NpyPayload {
    let bytes: [UInt8]
    private(set) var reads = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError) {
      reads += 1
      buffer.copyBytes(from: bytes[offset..<(offset + buffer.count)])
    }
  }

  /// The result from the definition, element by element.
  private static func expected(_ layout: TorchStrides, _ itemSize: Int, _ storage: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    func visit(_ axis: Int, _ place: Int) {
      if axis == layout.shape.count {
        result += storage[(place * itemSize)..<((place + 1) * itemSize)]
        return
      }
      for index in 0..<layout.shape[axis] { visit(axis + 1, place + index * layout.strides[axis]) }
    }
    visit(0, layout.offset)
    return result
  }

  /// All windows, one after another.
  private static func gathered(_ layout: TorchStrides, _ itemSize: Int, _ payload: Bytes, limit: Int) throws
    -> [UInt8]
  {
    let gather = StridedGather(layout, itemSize: itemSize, limit: limit)
    let total = layout.shape.reduce(itemSize, *)
    #expect(gather.windowSize <= max(limit, itemSize))
    var result: [UInt8] = []
    var window = [UInt8](repeating: 0xEE, count: gather.windowSize)
    while result.count < total {
      let position = result.count
      let count = try window.withUnsafeMutableBytes {
        try gather.gather(at: position, from: payload, into: $0)
      }
      result += window[..<count]
    }
    return result
  }

  @Test("400 random shapes, strides, offsets, element sizes and windows give the elements in C order")
  func random() throws {
    var generator = SeededGenerator(seed: 77)
    for number in 0..<400 {
      let shape = (0..<generator.number(in: 1...5)).map { _ in generator.number(in: 1...6) }
      let kind = generator.number(in: 0...2)
      var strides = [Int](repeating: 0, count: shape.count)
      if kind == 0 {
        strides = strides.map { _ in generator.number(in: 0...40) }
      } else {
        // A permutation, with gaps if `kind` is 2.
        var step = 1
        for axis in shape.indices.shuffled(using: &generator) {
          strides[axis] = step
          step *= shape[axis] + (kind == 2 ? generator.number(in: 0...2) : 0)
        }
      }
      let layout = TorchStrides(offset: generator.number(in: 0...9), shape: shape, strides: strides)
      let itemSize = [1, 2, 4, 8, 16][number % 5]
      let span = try #require(layout.span)
      let payload = Bytes(generator.bytes((layout.offset + span) * itemSize))
      let limit = generator.number(in: 1...400)
      let found = try Self.gathered(layout, itemSize, payload, limit: limit)
      #expect(found == Self.expected(layout, itemSize, payload.bytes), "\(layout) × \(itemSize), \(limit)")
    }
  }

  @Test(
    "wide matrices are read in pieces larger than an element",
    arguments: [
      (TorchStrides(offset: 3, shape: [700, 900], strides: [1, 700]), 2),
      (TorchStrides(offset: 0, shape: [9, 5_000], strides: [1, 2_500]), 5_000),
      (TorchStrides(offset: 1, shape: [3, 400_000], strides: [400_001, 1]), 6),
      (TorchStrides(offset: 0, shape: [200_000, 2], strides: [3, 1]), 4),
      (TorchStrides(offset: 0, shape: [2, 300_000], strides: [1, 5]), 8),
    ] as [(TorchStrides, Int)])
  func wide(_ layout: TorchStrides, _ most: Int) throws {
    var generator = SeededGenerator(seed: 5)
    let span = try #require(layout.span)
    let payload = Bytes(generator.bytes((layout.offset + span) * 4))
    let found = try Self.gathered(layout, 4, payload, limit: 16 << 20)
    let same = found == Self.expected(layout, 4, payload.bytes)
    #expect(same)
    #expect(payload.reads <= most * 2, "\(payload.reads)")
  }

  @Test(
    "elements in one place are found, and only they",
    arguments: [
      ([4, 3], [3, 1], false), ([3, 4], [1, 3], false), ([4, 3], [0, 1], true), ([13, 6], [2, 1], true),
      ([2, 2], [2, 3], false), ([2, 2, 2], [1, 1, 4], true), ([3, 2], [2, 3], false),
      ([4, 2], [3, 6], true),
      ([1, 5], [0, 1], false), ([0, 5], [0, 0], false), ([], [], false), ([2, 2], [0, 3], true),
    ] as [([Int], [Int], Bool)])
  func overlaps(_ shape: [Int], _ strides: [Int], _ expected: Bool) {
    #expect(TorchStrides(offset: 0, shape: shape, strides: strides).overlaps == expected)
  }
}
