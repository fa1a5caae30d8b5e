import HDF5Kit
import Tensors
import Testing

@testable import UnitCheckpoints

@Suite("Plans of chunks")
struct ChunkPlanTests {
  private static func section(_ byteCount: Int, _ dtype: DType, of tensor: Int? = nil) -> IndexedSection {
    IndexedSection(
      key: SectionKey(
        kind: tensor == nil ? .common : .whole, tensor: tensor, scope: nil, units: [], dtype: dtype),
      byteCount: byteCount, address: nil, firstPage: 0)
  }

  static let wholes: [(shape: [Int], dtype: DType, chunk: [Int])] = [
    ([5, 1001, 70], .f32, [1, 501, 70]), ([30_522, 384], .f32, [170, 384]),
    ([7, 1, 90, 40], .bf16, [7, 1, 90, 40]), ([300_000], .f64, [30_000]),
    ([1, 1_000_003], .u8, [1, 250_001]),
    ([3, 2, 70_000], .c64, [1, 1, 23_334]), ([600, 1001], .f4, [150_150]),
  ]

  @Test("whole tensors have chunks that are runs of their bytes", arguments: wholes)
  func whole(shape: [Int], dtype: DType, chunk: [Int]) throws {
    let spec = try TensorSpec(name: "w", dtype: dtype, shape: shape)
    let plan = try #require(ChunkPlan(Self.section(spec.byteCount, dtype, of: 0), spec, pageBytes: 262_144))
    #expect(plan.shape == chunk)
    #expect(
      plan.byteCount == chunk.reduce(dtype.storage.type.size, *) && plan.byteCount <= ChunkPlan.largestChunk)
    expectFilled(plan, spec.byteCount)
  }

  @Test("sections have chunks that are pages, or one that is the section", arguments: [1, 2, 4, 8, 16])
  func section(size: Int) throws {
    let dtype = try #require([1: DType.u8, 2: .bf16, 4: .f32, 8: .i64, 16: .c128][size])
    for (byteCount, pageBytes) in [
      (16_384, 262_144), (262_144, 262_144), (262_160, 262_144), (999_984, 1_024),
    ] {
      let plan = try #require(ChunkPlan(Self.section(byteCount, dtype), nil, pageBytes: pageBytes))
      #expect(plan.byteCount == min(pageBytes, byteCount) && plan.shape == [plan.byteCount / size])
      expectFilled(plan, byteCount)
    }
    #expect(ChunkPlan(Self.section(16_368, dtype), nil, pageBytes: 262_144) == nil)
  }

  @Test("pages shrink until one of each section fits in memory, and grow until there are few enough")
  func pages() {
    #expect(SectionMap.pageBytes(of: [1 << 30], isCompressed: false) == 65_536)
    #expect(SectionMap.pageBytes(of: [1 << 30], isCompressed: true) == 262_144)
    #expect(SectionMap.pageBytes(of: [Int](repeating: 1 << 20, count: 512), isCompressed: false) == 65_536)
    #expect(SectionMap.pageBytes(of: [Int](repeating: 1 << 20, count: 513), isCompressed: false) == 32_768)
    #expect(SectionMap.pageBytes(of: [Int](repeating: 1 << 20, count: 65_536), isCompressed: false) >= 1_024)
    // Small sections need no more than their own bytes.
    #expect(SectionMap.pageBytes(of: [Int](repeating: 100, count: 65_536), isCompressed: false) == 65_536)
    #expect(SectionMap.pageBytes(of: [1 << 37], isCompressed: false) == 1 << 17)
    #expect(SectionMap.pageBytes(of: [1 << 62], isCompressed: false) == 1 << 20)
    // A chunk is decoded whole.
    #expect(SectionMap.pageBytes(of: [1 << 50], isCompressed: true) == 262_144)
  }

  /// Checks that cells follow each other without gaps, and that each has its number.
  private func expectFilled(_ plan: ChunkPlan, _ byteCount: Int) {
    let cells = CellPlan(byteCount: byteCount, chunkBytes: plan.byteCount, rowBytes: plan.rowBytes)
    var (position, number) = (0, 0)
    while position < byteCount {
      let cell = cells.cell(at: position)
      #expect(cell.number == number && cell.range.lowerBound == position && !cell.range.isEmpty)
      #expect(cell.range.count <= plan.byteCount)
      #expect(cells.cell(at: cell.range.upperBound - 1).number == number)
      position = cell.range.upperBound
      number += 1
    }
    #expect(position == byteCount)
  }
}
