import Tensors
import Testing

@testable import Comparison

@Suite("Tolerances")
struct ToleranceTests {
  /// Two elements as bits, and whether the tolerance accepts them as equal.
  struct Row: CustomTestStringConvertible, Sendable {
    let dtype: DType
    let a: [UInt8]
    let b: [UInt8]
    let tolerance: Tolerance
    let isAccepted: Bool

    init<Bits: FixedWidthInteger>(
      _ dtype: DType, _ a: [Bits], _ b: [Bits], _ tolerance: Tolerance, _ isAccepted: Bool
    ) {
      func bytes(_ numbers: [Bits]) -> [UInt8] {
        numbers.flatMap { withUnsafeBytes(of: $0.littleEndian) { Array($0) } }
      }
      (self.dtype, self.a, self.b) = (dtype, bytes(a), bytes(b))
      (self.tolerance, self.isAccepted) = (tolerance, isAccepted)
    }

    var testDescription: String { "\(dtype.rawValue) \(a) \(b) \(tolerance)" }
  }

  private static func distance(_ absolute: Double, _ relative: Double = 0) -> Tolerance {
    .distance(absolute: absolute, relative: relative)
  }

  private static let one: UInt32 = 0x3F80_0000
  private static let infinity: UInt32 = 0x7F80_0000
  private static let nan: UInt32 = 0x7FC0_0000

  static let rows: [Row] = [
    Row(.f8E4M3, [UInt8(0x7F)], [0x7E], .steps(1), false),
    Row(.f8E4M3, [UInt8(0x7F)], [0xFF], .steps(1), false),
    Row(.f32, [infinity + 1], [infinity], .steps(9), false),
    Row(.f32, [infinity + 1], [infinity + 2], .steps(1), true),
    Row(.f32, [one], [one + 1], .none, false), Row(.f32, [one], [one + 1], .steps(1), true),
    Row(.f32, [one], [one + 2], .steps(1), false),
    Row(.f32, [one], [one + 1], distance(0x1p-23), true),
    Row(.f32, [one], [one + 1], distance(0x1p-24), false),
    // 1.5 and 1: the difference is half of the second, and a third of the first.
    Row(.f32, [0x3FC0_0000], [one], distance(0, 0.5), true),
    Row(.f32, [0x3FC0_0000], [one], distance(0, 0.4), false),
    Row(.f32, [one], [0x3FC0_0000], distance(0, 0.4), true),
    Row(.f32, [one], [0x3FC0_0000], distance(0.1, 0.3), true),
    // Zeros of both signs are equal; an infinity is not near any other number, however large the tolerance.
    Row(.f32, [0], [0x8000_0000], distance(0), true), Row(.f32, [0], [0x8000_0000], .steps(0), true),
    Row(.f32, [one], [infinity], distance(0, 1), false),
    Row(.f32, [infinity], [infinity | 0x8000_0000], distance(1e300, 1), false),
    Row(.f32, [one], [nan], distance(1e300), false), Row(.f32, [nan], [one], distance(1e300, 1), false),
    Row(.f32, [nan], [nan + 1], distance(0), true),
    // Both parts of a complex number count.
    Row(.c64, [one, one], [one, one + 4], .steps(3), false),
    Row(.c64, [one + 4, one], [one, one], .steps(3), false),
    Row(.c64, [one + 4, one], [one, one + 1], .steps(3), false),
    Row(.c64, [one + 3, one], [one, one + 3], .steps(3), true),
    // |b| of integers of either sign: −100 and −110, −128, −8 of four bits (−7 is 9).
    Row(.i8, [Int8(-100)], [Int8(-110)], distance(0, 0.1), true),
    Row(.i8, [Int8(-100)], [Int8(-110)], distance(0, 0.09), false),
    Row(.i8, [Int8(-64)], [Int8(-128)], distance(0, 0.5), true),
    Row(.i64, [Int64.min + 1], [Int64.min], distance(1), true),
    Row(.u8, [UInt8(200)], [UInt8(250)], distance(0, 0.2), true),
    Row(.i4, [UInt8(0x99)], [UInt8(0x98)], distance(0, 0.125), true),
    Row(.i4, [UInt8(0x99)], [UInt8(0x98)], distance(0, 0.12), false),
    Row(.bf16, [UInt16(0x3F80)], [UInt16(0x3F81)], .steps(1), true),
    Row(.f8E4M3, [UInt8(0x38)], [UInt8(0x39)], distance(0.125), true),
    Row(.f8E4M3, [UInt8(0x38)], [UInt8(0x39)], distance(0.124), false),
  ]

  @Test("accept what is near enough to the second value", arguments: rows)
  func accepts(row: Row) {
    var comparison = ValueComparison(dtype: row.dtype, tolerance: row.tolerance)
    row.a.withUnsafeBytes { a in row.b.withUnsafeBytes { b in comparison.append(a, b) } }
    #expect(comparison.difference.count == 1)
    #expect(comparison.difference.isWithin == row.isAccepted)
    #expect((comparison.difference.firstBeyond == nil) == row.isAccepted)
  }
}
