import Testing

@testable import Tensors

@Suite("Floating-point types of at most eight bits")
struct SmallFloatTests {
  static let all = DType.allCases.filter { $0.kind.isSmallFloat }

  @Test("the table of dtypes gives each a layout that fills its bits")
  func layouts() throws {
    #expect(Self.all.count == 8)
    for dtype in Self.all {
      let small = try #require(SmallFloat(dtype))
      #expect(small.layout.bits == dtype.bits && small.values.count == 1 << small.layout.bits)
    }
  }

  @Test("a number becomes its own pattern, one between two numbers the nearest, ties to even", arguments: all)
  func patterns(dtype: DType) throws {
    let small = try #require(SmallFloat(dtype))
    let finite = small.values.indices.filter { small.values[$0].isFinite }
    for pattern in finite {
      #expect(Int(small.pattern(of: small.values[pattern], saturates: true)) == pattern)
    }
    let positive = finite.filter { small.values[$0].sign == .plus && $0 < small.values.count / 2 }
    for (low, high) in zip(positive, positive.dropFirst()) {
      let (a, b) = (small.values[low], small.values[high])
      #expect(Int(small.pattern(of: a + (b - a) * 0.49, saturates: true)) == low)
      #expect(Int(small.pattern(of: a + (b - a) * 0.51, saturates: true)) == high)
      #expect(small.pattern(of: (a + b) / 2, saturates: true) % 2 == 0)
    }
  }

  /// The patterns of 10⁹ and −10⁹ without saturation, and of NaN.
  static let beyond: [(DType, [UInt8])] = [
    (.f8E4M3, [0x7F, 0xFF, 0x7F]), (.f8E5M2, [0x7C, 0xFC, 0x7E]), (.f8E4M3FNUZ, [0x80, 0x80, 0x80]),
    (.f8E5M2FNUZ, [0x80, 0x80, 0x80]), (.f6E2M3, [0x1F, 0x3F, 0x20]), (.f6E3M2, [0x1F, 0x3F, 0x20]),
    (.f4, [0x7, 0xF, 0x8]),
  ]

  @Test("a number that is too large becomes infinity, NaN or the greatest number", arguments: beyond)
  func overflow(dtype: DType, expected: [UInt8]) throws {
    let small = try #require(SmallFloat(dtype))
    #expect([1e9, -1e9, .nan].map { small.pattern(of: $0, saturates: false) } == expected)
    let greatest = small.values.filter(\.isFinite).max() ?? 0
    #expect(small.values[Int(small.pattern(of: -.infinity, saturates: true))] == -greatest)
  }
}
