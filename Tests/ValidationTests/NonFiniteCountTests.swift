import Tensors
import TestSupport
import Testing

@testable import Validation

@Suite("Counts of what is not finite")
struct NonFiniteCountTests {
  /// The dtype, the bits of elements, and how many of them are NaN and infinite.
  private static let cases: [(DType, [UInt64], nan: Int, infinite: Int)] = [
    (
      .f64, [0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000, 0x7FF0_0000_0000_0001, 0x7FEF_FFFF_FFFF_FFFF], 1, 2
    ),
    (.f32, [0x7F80_0000, 0xFFC0_0000, 0x7F80_0001, 0x7F7F_FFFF, 0x8000_0000], 2, 1),
    (.f16, [0x7C00, 0xFC01, 0x7BFF, 0xFC00, 0x0001], 1, 2), (.bf16, [0x7F80, 0x7FC0, 0xFF7F, 0xFFFF], 2, 1),
    (.f8E5M2, [0x7C, 0xFC, 0x7D, 0x7B], 1, 2), (.f8E4M3, [0x7F, 0xFF, 0x7E, 0x78], 2, 0),
    (.f8E8M0, [0xFF, 0xFE, 0x7F], 1, 0), (.f8E4M3FNUZ, [0x80, 0x7F, 0xFF], 1, 0),
    (.f8E5M2FNUZ, [0x80, 0x7C], 1, 0), (.c64, [0x7F80_0000, 0x3F80_0000, 0x7FC0_0000, 0], 1, 1),
    (.i4, [0xFF], 0, 0), (.u4, [0xFF], 0, 0), (.i2, [0xFF], 0, 0), (.u2, [0xFF], 0, 0),
    (.c128, [0x7FF0_0000_0000_0000, 0], 0, 1), (.f4, [0xFF], 0, 0), (.f6E2M3, [0xFF], 0, 0),
    (.f6E3M2, [0xFF], 0, 0), (.bool, [0xFF], 0, 0), (.i64, [.max], 0, 0), (.i32, [0x7F80_0000], 0, 0),
    (.i16, [0x7C00], 0, 0), (.i8, [0x7F], 0, 0), (.u64, [.max], 0, 0), (.u32, [0x7F80_0000], 0, 0),
    (.u16, [0x7C00], 0, 0), (.u8, [0x7C], 0, 0),
  ]

  private static func width(_ dtype: DType) -> Int {
    switch dtype {
    case .c64: 4
    case .c128: 8
    default: dtype.bytes ?? 1
    }
  }

  @Test("are right for every dtype, alone and among many, at any place", arguments: cases.indices)
  func count(number: Int) throws {
    let (dtype, elements, nan, infinite) = Self.cases[number]
    let width = Self.width(dtype)
    var generator = SeededGenerator(seed: UInt64(number))
    for finite in [0, 1, 7, 4096, 5003] {
      // The bits 1 are finite in every type; the elements are in random order.
      var all = elements + [UInt64](repeating: 1, count: finite)
      all.shuffle(using: &generator)
      let bytes = all.flatMap { bits in withUnsafeBytes(of: bits.littleEndian) { Array($0.prefix(width)) } }
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
      defer { memory.deallocate() }
      memory.copyBytes(from: bytes)
      var count = NonFiniteCount(dtype)
      count.add(UnsafeRawBufferPointer(memory))
      #expect(count.nan == nan && count.infinite == infinite, "\(dtype) among \(finite): \(count)")
      #expect(count.isZero == (nan + infinite == 0))
    }
  }

  @Test(
    "tell the signs of infinity apart, and leave out the negative one alone",
    arguments: [DType.f64, .f32, .f16, .bf16])
  func signs(dtype: DType) throws {
    let bits: [UInt64] =
      switch dtype {
      case .f64: [0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000, 0x7FF8_0000_0000_0000]
      case .f32: [0x7F80_0000, 0xFF80_0000, 0x7FC0_0000]
      case .f16: [0x7C00, 0xFC00, 0x7E00]
      default: [0x7F80, 0xFF80, 0x7FC0]
      }
    let elements = [bits[0], bits[1], bits[1], bits[2], bits[2], bits[2]]
    let bytes = elements.flatMap { bits in
      withUnsafeBytes(of: bits.littleEndian) { Array($0.prefix(Self.width(dtype))) }
    }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    defer { memory.deallocate() }
    memory.copyBytes(from: bytes)
    var count = NonFiniteCount(dtype)
    count.add(UnsafeRawBufferPointer(memory))
    #expect(count.words == "3 NaN, 1 Inf, 2 -Inf" && count.withoutNegative.words == "3 NaN, 1 Inf")
  }

  @Test(
    "blocks have NaN and infinities by their scales, wherever the bytes are divided",
    arguments: [1, 7, 34, 99])
  func blocks(piece: Int) {
    // Q8_0: the scale 1, then infinity, then NaN; the numbers are 0, 1, −1, 1, −1, ….
    let numbers = (0..<32).map { $0 == 0 ? 0 : $0 % 2 == 1 ? 1 : UInt8.max }
    let bytes: [UInt8] = [[0x00, 0x3C], [0x00, 0x7C], [0x00, 0x7E]].flatMap { $0 + numbers }
    var count = NonFiniteCount(.q80)
    for start in stride(from: 0, to: bytes.count, by: piece) {
      bytes[start..<min(start + piece, bytes.count)].withUnsafeBytes { count.add($0) }
    }
    #expect(count.words == "33 NaN, 16 Inf, 15 -Inf")
  }

  @Test("know every dtype")
  func complete() { #expect(Set(Self.cases.map(\.0)) == Set(DType.unquantised)) }
}
