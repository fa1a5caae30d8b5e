import Tensors
import TestSupport
import Testing
import UnitModel

@testable import UnitCheckpoints

@Suite("Plans of chunks")
struct ChunkPlanTests {
  static let wholes: [(shape: [Int], dtype: DType, chunk: [Int])] = [
    ([5, 1001, 70], .f32, [1, 501, 70]), ([30_522, 384], .f32, [170, 384]),
    ([7, 1, 90, 40], .bf16, [7, 1, 90, 40]), ([300_000], .f64, [30_000]),
    ([1, 1_000_003], .u8, [1, 250_001]),
    ([3, 2, 70_000], .c64, [1, 1, 23_334]), ([600, 1001], .f4, [150_150]),
  ]

  @Test("whole tensors have chunks that are runs of their bytes", arguments: wholes)
  func whole(shape: [Int], dtype: DType, chunk: [Int]) throws {
    let spec = try TensorSpec(name: "w", dtype: dtype, shape: shape)
    let plan = try #require(ChunkPlan.whole(spec))
    #expect(plan.shape == chunk)
    expectFilled(plan, block: spec.byteCount)
    #expect(
      plan.chunkCount(ofBlock: spec.byteCount)
        == zip(spec.wholeDatasetShape, plan.shape).reduce(1) { $0 * (($1.0 + $1.1 - 1) / $1.1) })
  }

  static let evens: [(blocks: [Int], elementSize: Int, open: Int, chunk: Int)] = [
    ([1 << 20, 1 << 20], 4, 1, 256 << 10), ([96_000, 96_000], 2, 1, 96_000),
    ([300_000, 600_000], 4, 1, 150_000), ([786_432, 786_432], 4, 100, 65_536),
    ([64_000, 64_000], 4, 1024, 8000),
  ]

  @Test("blocks of equal size, or of sizes with a common part, have no gaps", arguments: evens)
  func even(blocks: [Int], elementSize: Int, open: Int, chunk: Int) throws {
    let plan = try #require(ChunkPlan.blocks(blocks, elementSize: elementSize, openCount: open))
    #expect(plan.byteCount == chunk)
    for block in blocks { #expect(plan.blockOffset(block) == block) }
  }

  @Test("small datasets, small blocks, and too many blocks at once stay contiguous")
  func contiguous() throws {
    #expect(ChunkPlan.whole(try TensorSpec(name: "w", dtype: .f32, shape: [4095])) == nil)
    #expect(ChunkPlan.whole(try TensorSpec(name: "w", dtype: .f32, shape: [4096])) != nil)
    #expect(ChunkPlan.blocks([8000, 8000], elementSize: 4, openCount: 1) == nil)
    #expect(ChunkPlan.blocks([9000, 9000], elementSize: 4, openCount: 1) != nil)
    // No chunk fits both without padding that noise would pay for.
    #expect(ChunkPlan.blocks([20_000, 13_004], elementSize: 4, openCount: 1) == nil)
    #expect(ChunkPlan.blocks([Int](repeating: 400, count: 100), elementSize: 4, openCount: 1) == nil)
    #expect(ChunkPlan.blocks([1 << 20, 1 << 20], elementSize: 4, openCount: 8192) == nil)
  }

  @Test("every byte of a block has its place in one chunk, whatever the sizes")
  func random() {
    var generator = SeededGenerator(seed: 9)
    var compressed = 0
    for _ in 0..<500 {
      let size = [1, 2, 4, 8, 16][generator.number(in: 0...4)]
      // Units differ by a channel or so.
      let width = generator.number(in: 100...2000)
      let blocks = (0..<generator.number(in: 1...6)).map { _ in
        size * width * generator.number(in: 200...202)
      }
      guard let plan = ChunkPlan.blocks(blocks, elementSize: size, openCount: generator.number(in: 1...300))
      else { continue }
      compressed += 1
      #expect(plan.byteCount <= ChunkPlan.largestChunk && plan.byteCount == plan.shape[0] * size)
      for block in blocks { expectFilled(plan, block: block) }
      let padded = blocks.reduce(0) { $0 + plan.chunkCount(ofBlock: $1) * plan.byteCount }
      #expect(Double(padded) <= Double(blocks.reduce(0, +)) * 1.008)
    }
    #expect(compressed > 300)
  }

  static let opens: [(axes: [String?], count: Int)] = [
    (["a", "b"], 3), (["b", "a"], 3), (["c", "a"], 6), (["a", nil], 1), ([nil, "a"], 3), (["c", nil], 2),
  ]

  @Test("only blocks that the flat order goes to and fro between count as open", arguments: opens)
  func open(axes: [String?], count: Int) throws {
    let words = axes.map { $0.map { "\"\($0)\"" } ?? "null" }.joined(separator: ",")
    // Every axis of a plan must have a tensor.
    let sizes = axes.compactMap { $0 }.map { axis in
      axis == "c"
        ? #""c": { "size": 9, "units": [[0, 2, 4], [1, 3, 5, 6, 7, 8], []] }"#
        : "\"\(axis)\": { \"size\": 9 }"
    }.joined(separator: ", ")
    let plan = try Plan(
      parsing: Array(
        """
        { "format": "tessera.plan/1", "units": 3,
          "axes": { \(sizes) },
          "tensors": [ { "name": "w", "axes": [\(words)] } ] }
        """.utf8))
    let spec = try TensorSpec(name: "w", dtype: .f32, shape: [9, 9])
    let placement = try plan.resolve(against: [spec], ties: [:]).partition.tensors[0]
    #expect(placement.openBlockCount == count)
  }

  private func expectFilled(_ plan: ChunkPlan, block: Int) {
    let filled = (0..<plan.chunkCount(ofBlock: block)).map { plan.filledBytes(ofChunk: $0, block: block) }
    #expect(filled.reduce(0, +) == block)
    #expect(filled.allSatisfy { $0 > 0 && $0 <= plan.byteCount })
    var start = 0
    for (number, count) in filled.enumerated() {
      #expect(plan.chunk(ofByte: start, block: block) == number)
      start += count
    }
  }
}
