import Comparison
import Tensors
import TestSupport
import Testing

@Suite("Distances of values")
struct ValueComparisonTests {
  /// Two elements as bits, and their distance.
  struct Row: CustomTestStringConvertible, Sendable {
    let dtype: DType
    let a: UInt64
    let b: UInt64
    let abs: Double
    let ulp: UInt64

    init(_ dtype: DType, _ a: UInt64, _ b: UInt64, _ abs: Double, _ ulp: UInt64) {
      (self.dtype, self.a, self.b, self.abs, self.ulp) = (dtype, a, b, abs, ulp)
    }

    var testDescription: String { "\(dtype.rawValue) \(String(a, radix: 16)) \(String(b, radix: 16))" }
  }

  /// Computed by hand from the definitions of the types: sign, exponent, fraction, bias.
  static let rows: [Row] = [
    // 1 and the next number; −0 and 0; −1 and 1: 2 · 3FF0…; 1 and ∞; the largest and ∞; NaN and 1.
    Row(.f64, 0x3FF0_0000_0000_0000, 0x3FF0_0000_0000_0001, 0x1p-52, 1),
    Row(.f64, 0x8000_0000_0000_0000, 0, 0, 0),
    Row(.f64, 0xBFF0_0000_0000_0000, 0x3FF0_0000_0000_0000, 2, 0x7FE0_0000_0000_0000),
    Row(.f64, 0x7FEF_FFFF_FFFF_FFFF, 0x7FF0_0000_0000_0000, .infinity, 1),
    Row(.f64, 0xFFFF_FFFF_FFFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF, 0, 0xFFFF_FFFF_FFFF_FFFE),
    Row(.f64, 0x7FF8_0000_0000_0000, 0, .nan, 0x7FF8_0000_0000_0000),
    // 1.5 and 1.25: two fraction bits apart at 2^21 each. The smallest numbers of both signs. NaNs with two payloads.
    Row(.f32, 0x3FC0_0000, 0x3FA0_0000, 0.25, 0x20_0000),
    Row(.f32, 0x0000_0001, 0x8000_0001, 0x1p-148, 2),
    Row(.f32, 0x7FC0_0000, 0x7FC0_0007, 0, 7),
    Row(.f32, 0xFF80_0000, 0x7F80_0000, .infinity, 0xFF00_0000),
    // 1 and 2: ten fraction bits. The largest subnormal and the smallest normal number. 65504 and ∞. 1 and a NaN.
    Row(.f16, 0x3C00, 0x4000, 1, 1024),
    Row(.f16, 0x03FF, 0x0400, 0x1p-24, 1),
    Row(.f16, 0x7BFF, 0x7BFE, 32, 1),
    Row(.f16, 0x7BFF, 0x7C00, .infinity, 1),
    Row(.f16, 0x3C00, 0x7E01, .nan, 0x4201),
    Row(.f16, 0xFBFF, 0x7BFF, 131_008, 0xF7FE),
    // 1 and 1.0078125; 2 and −2.
    Row(.bf16, 0x3F80, 0x3F81, 0.0078125, 1),
    Row(.bf16, 0x4000, 0xC000, 4, 0x8000),
    Row(.bf16, 0x0000, 0x8000, 0, 0),
    Row(.bf16, 0x7F7F, 0x7F80, .infinity, 1),
    // 448 is the largest; the next pattern is the NaN. 2^−9 is the smallest. 1 is 38, 1.125 39. −0.
    Row(.f8E4M3, 0x7E, 0x00, 448, 0x7E),
    Row(.f8E4M3, 0x7E, 0x7F, .nan, 1),
    Row(.f8E4M3, 0x01, 0x00, 0x1p-9, 1),
    Row(.f8E4M3, 0x38, 0x39, 0.125, 1),
    Row(.f8E4M3, 0x80, 0x00, 0, 0),
    Row(.f8E4M3, 0xB8, 0x38, 2, 0x70),
    // 57344 is the largest, ∞ follows it; 2^−16 is the smallest; NaNs with two payloads.
    Row(.f8E5M2, 0x7B, 0x00, 57344, 0x7B),
    Row(.f8E5M2, 0x7B, 0x7C, .infinity, 1),
    Row(.f8E5M2, 0x81, 0x00, 0x1p-16, 1),
    Row(.f8E5M2, 0x7D, 0x7F, 0, 2),
    Row(.f8E5M2, 0x3C, 0x3D, 0.25, 1),
    // No sign, no zero: 1 is 127, 2 is 128; 2^−127 the first, 2^127 the last before the NaN.
    Row(.f8E8M0, 127, 128, 1, 1),
    Row(.f8E8M0, 0, 1, 0x1p-127, 1),
    Row(.f8E8M0, 254, 253, 0x1p126, 1),
    Row(.f8E8M0, 254, 255, .nan, 1),
    // One NaN, in place of −0, after the largest number, 240. 2^−10 is the smallest, 1 is 40.
    Row(.f8E4M3FNUZ, 0x7F, 0x00, 240, 0x7F),
    Row(.f8E4M3FNUZ, 0x80, 0x7F, .nan, 1),
    Row(.f8E4M3FNUZ, 0x81, 0x00, 0x1p-10, 1),
    Row(.f8E4M3FNUZ, 0x40, 0x41, 0.125, 1),
    Row(.f8E5M2FNUZ, 0x7F, 0x00, 57344, 0x7F),
    Row(.f8E5M2FNUZ, 0x80, 0x00, .nan, 0x80),
    Row(.f8E5M2FNUZ, 0x01, 0x00, 0x1p-17, 1),
    Row(.f8E5M2FNUZ, 0x40, 0x41, 0.25, 1),
    // 7.5 is the largest, 0.125 the smallest; −1 is 28; −0 is 20.
    Row(.f6E2M3, 0x1F, 0x00, 7.5, 0x1F),
    Row(.f6E2M3, 0x01, 0x21, 0.25, 2),
    Row(.f6E2M3, 0x28, 0x08, 2, 16),
    Row(.f6E2M3, 0x20, 0x00, 0, 0),
    // 28 is the largest, 0.0625 the smallest; 1 is 0C.
    Row(.f6E3M2, 0x1F, 0x00, 28, 0x1F),
    Row(.f6E3M2, 0x01, 0x00, 0.0625, 1),
    Row(.f6E3M2, 0x0C, 0x0D, 0.25, 1),
    // 0, 0.5, 1, 1.5, 2, 3, 4, 6, and the same below zero.
    Row(.f4, 0x7, 0x0, 6, 7), Row(.f4, 0x1, 0x9, 1, 2), Row(.f4, 0x5, 0x6, 1, 1), Row(.f4, 0xF, 0x7, 12, 14),
    // Integers.
    Row(.i64, 0x8000_0000_0000_0000, 0x7FFF_FFFF_FFFF_FFFF, 0x1p64, 0xFFFF_FFFF_FFFF_FFFF),
    Row(.i64, 0xFFFF_FFFF_FFFF_FFFF, 1, 2, 2), Row(.i32, 0xFFFF_FFFE, 5, 7, 7),
    Row(.i32, 0x8000_0000, 0, 0x1p31, 0x8000_0000), Row(.i16, 0x8000, 0x7FFF, 65535, 65535),
    Row(.i8, 0xFF, 0x00, 1, 1), Row(.i8, 0x80, 0x7F, 255, 255),
    Row(.u64, 0, 0xFFFF_FFFF_FFFF_FFFF, 0x1p64, 0xFFFF_FFFF_FFFF_FFFF),
    Row(.u32, 7, 0xFFFF_FFFF, 4_294_967_288, 4_294_967_288),
    Row(.u16, 0x8000, 0x7FFF, 1, 1), Row(.u8, 0xFF, 0x00, 255, 255),
    Row(.i4, 0x8, 0x7, 15, 15), Row(.i4, 0xF, 0x1, 2, 2), Row(.u4, 0xF, 0x0, 15, 15),
    Row(.u4, 0x8, 0x7, 1, 1),
    Row(.i2, 0x2, 0x1, 3, 3), Row(.i2, 0x3, 0x0, 1, 1), Row(.u2, 0x3, 0x0, 3, 3), Row(.u2, 0x2, 0x1, 1, 1),
    Row(.bool, 0, 1, 1, 1), Row(.bool, 1, 255, 254, 254),
    // The real part, in the low half: 1 and 3. (C128 has its own test.)
    Row(.c64, 0x4000_0000_3F80_0000, 0x4000_0000_4040_0000, 2, 0xC0_0000),
    // Both parts: i and −1 + 1.5 i.
    Row(.c64, 0x3F80_0000_0000_0000, 0x3FC0_0000_BF80_0000, 1, 0x3F80_0000),
  ]

  @Test("are what the definitions of the types give", arguments: rows)
  func distances(row: Row) throws {
    for (a, b) in [(row.a, row.b), (row.b, row.a)] {
      // Between equal elements, so that a wrong width or place is detected.
      let filler: UInt64 = row.a ^ 1
      let comparison = compare(
        row.dtype, pack([filler, filler, a, filler], row.dtype), pack([filler, filler, b, filler], row.dtype))
      #expect(comparison.count == 1)
      #expect(comparison.first == 2)
      #expect(
        comparison.maxAbs == row.abs || comparison.maxAbs.isNaN && row.abs.isNaN, "\(comparison.maxAbs)")
      #expect(comparison.maxULP == row.ulp, "\(comparison.maxULP)")
    }
  }

  @Test("the table has every dtype")
  func complete() {
    #expect(Set(Self.rows.map(\.dtype)).union([.c128]) == Set(DType.unquantised))
  }

  @Test("C128 has two F64 components and counts as one element")
  func doubleComplex() {
    let numbers: [[Double]] = [[0, 1, 2, 3, 4, 5], [0, 1, 2.5, -1, 4, 5]]
    let bytes = numbers.map { $0.withUnsafeBytes { Array($0) } }
    let difference = compare(.c128, bytes[0], bytes[1])
    #expect(difference.count == 1)
    #expect(difference.first == 1)
    #expect(difference.maxAbs == 4)
    #expect(difference.maxULP == (3.0).bitPattern + (1.0).bitPattern)
  }

  /// The distance in steps is the number of values between both, found by sorting all values.
  @Test(
    "steps count the values in between",
    arguments: [DType.f16, .bf16, .f8E4M3, .f8E5M2, .f8E4M3FNUZ, .f8E5M2FNUZ, .f6E2M3, .f6E3M2, .f4])
  func steps(dtype: DType) {
    // The place of a pattern: its distance from zero, with its sign.
    func value(_ bits: UInt64) -> Double {
      let magnitude = compare(dtype, pack([bits, 0, 0, 0], dtype), pack([0, 0, 0, 0], dtype)).maxAbs
      return bits >> (UInt64(dtype.bits ?? 0) - 1) == 0 ? magnitude : -magnitude
    }
    let patterns = (0..<UInt64(1) << UInt64(dtype.bits ?? 0)).map { (bits: $0, value: value($0)) }
    let numbers = patterns.filter { !$0.value.isNaN }.sorted { $0.value < $1.value }
    #expect(numbers.count >= 15)
    var neighbours = 0
    for (one, next) in zip(numbers, numbers.dropFirst()) {
      let difference = compare(dtype, pack([one.bits, 0, 0, 0], dtype), pack([next.bits, 0, 0, 0], dtype))
      #expect(difference.maxULP == (one.value == next.value ? 0 : 1), "\(one) \(next)")
      neighbours += difference.maxULP == 1 ? 1 : 0
    }
    #expect(neighbours >= 14)
  }

  @Test("blocks are compared as their values; without them, a different block differs as a whole")
  func blocks() {
    // The scale 1.0, then numbers.
    var a: [UInt8] = [0x00, 0x3C] + .init(repeating: 5, count: 32)
    var b = a
    b[2 + 7] = 9
    let values = compare(.q80, a + a, a + b)
    #expect(values.count == 1 && values.first == 39 && values.maxAbs == 4)
    // With the scale 0, all numbers are 0; only bytes differ.
    (a[1], b[1]) = (0, 0)
    let zeros = compare(.q80, a, b)
    #expect(zeros.count == 1 && zeros.first == 0 && zeros.maxAbs == 0 && zeros.maxULP == 0)
    let one = [UInt8](repeating: 1, count: 66)
    let unknown = compare(.iq2XXS, one + one, one + one.dropLast() + [2])
    #expect(unknown.count == 256 && unknown.first == 256 && unknown.maxAbs.isNaN)
  }

  @Test("a NaN outweighs every number, wherever it comes")
  func nanStays() {
    for order in [[0, 1, 2], [1, 2, 0], [2, 0, 1]] {
      let a: [Float] = [1, 2, 3]
      let b: [Float] = [.nan, .infinity, 3.5]
      let difference = compare(
        .f32, order.map { a[$0] }.withUnsafeBytes { Array($0) },
        order.map { b[$0] }.withUnsafeBytes { Array($0) })
      #expect(difference.maxAbs.isNaN)
      #expect(difference.count == 3)
    }
  }

  @Test("windows give what the whole gives", arguments: DType.allCases)
  func windows(dtype: DType) {
    var generator = SeededGenerator(seed: 41)
    let granule = ValueComparison.granule(of: dtype)
    let a = generator.bytes(granule * 7)
    var b = a
    for _ in 0..<9 { b[Int.random(in: granule + 2..<b.count, using: &generator)] ^= 5 }
    let whole = compare(dtype, a, b)
    var comparison = ValueComparison(dtype: dtype)
    for start in stride(from: 0, to: a.count, by: granule) {
      a[start..<start + granule].withUnsafeBytes { one in
        b[start..<start + granule].withUnsafeBytes { other in comparison.append(one, other) }
      }
    }
    #expect(whole.count > 0)
    #expect(comparison.difference.count == whole.count)
    #expect(comparison.difference.first == whole.first)
    #expect(comparison.difference.maxULP == whole.maxULP)
    #expect(
      comparison.difference.maxAbs == whole.maxAbs
        || comparison.difference.maxAbs.isNaN && whole.maxAbs.isNaN)
  }

  private func compare(_ dtype: DType, _ a: [UInt8], _ b: [UInt8]) -> ValueDifference {
    var comparison = ValueComparison(dtype: dtype)
    a.withUnsafeBytes { one in b.withUnsafeBytes { other in comparison.append(one, other) } }
    return comparison.difference
  }

  /// Elements as stored in a file, the first in the lowest bits; a complex element is one number with two components.
  private func pack(_ elements: [UInt64], _ dtype: DType) -> [UInt8] {
    let width = dtype.bits ?? 0
    var bytes = [UInt8](repeating: 0, count: elements.count * width / 8)
    for (number, element) in elements.enumerated() {
      for bit in 0..<width where bit < 64 && element >> UInt64(bit) & 1 == 1 {
        bytes[(number * width + bit) / 8] |= 1 << UInt8((number * width + bit) % 8)
      }
    }
    return bytes
  }
}
