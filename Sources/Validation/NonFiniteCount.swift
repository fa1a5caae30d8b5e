internal import Tensors

/// The number of elements of a tensor that are NaN or infinite.
struct NonFiniteCount: Sendable, Equatable {
  private(set) var nan = 0
  private(set) var positive = 0
  private(set) var negative = 0
  private let dtype: DType
  /// The beginning of a block that the next window continues.
  private var begun: [UInt8] = []

  init(_ dtype: DType) { self.dtype = dtype }

  /// The number of infinite elements, of either sign.
  var infinite: Int { positive + negative }

  var isZero: Bool { nan == 0 && infinite == 0 }

  /// The same count without -Inf, of which masks consist.
  var withoutNegative: NonFiniteCount {
    var count = self
    count.negative = 0
    return count
  }

  /// The counts in words: "2 NaN, 1 Inf, 4 -Inf".
  var words: String {
    [(nan, "NaN"), (positive, "Inf"), (negative, "-Inf")].filter { $0.0 > 0 }.map {
      "\($0.0.grouped) \($0.1)"
    }
    .joined(separator: ", ")
  }

  /// Counts in `bytes`, which must have whole elements and be aligned to 16 bytes. Blocks of ggml may go on in the next
  /// bytes.
  ///
  /// An IEEE number is not finite if all bits of its exponent are ones. Of the 8-bit types (OCP 8-bit floating point
  /// 1.0, and the FNUZ variants of ONNX), this is true for E5M2; the others have only NaN. Types smaller than a byte
  /// have neither. Blocks of ggml have them in their scales.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    switch dtype {
    case .f64, .c128: add(bytes, exponent: 0x7FF0_0000_0000_0000 as UInt64)
    case .f32, .c64: add(bytes, exponent: 0x7F80_0000 as UInt32)
    case .f16: add(bytes, exponent: 0x7C00 as UInt16)
    case .bf16: add(bytes, exponent: 0x7F80 as UInt16)
    case .f8E5M2: add(bytes, exponent: 0x7C as UInt8)
    case .f8E4M3: nan += count(bytes) { $0 & 0x7F == 0x7F }
    case .f8E8M0: nan += count(bytes) { $0 == 0xFF }
    case .f8E4M3FNUZ, .f8E5M2FNUZ: nan += count(bytes) { $0 == 0x80 }
    case .f6E2M3, .f6E3M2, .f4, .i64, .i32, .i16, .i8, .u64, .u32, .u16, .u8, .i4, .u4, .i2, .u2, .bool: break
    case .q40, .q41, .q50, .q51, .q80, .q81, .q2K, .q3K, .q4K, .q5K, .q6K, .q8K, .iq2XXS, .iq2XS,
      .iq3XXS, .iq1S, .iq4NL, .iq3S, .iq2S, .iq4XS, .iq1M, .tq10, .tq20, .mxfp4, .nvfp4, .q10:
      addBlocks(bytes)
    }
  }

  /// Counts the F32 that whole blocks mean; none for types whose values are not read here.
  private mutating func addBlocks(_ bytes: UnsafeRawBufferPointer) {
    guard let values = BlockValues(dtype) else { return }
    let block = dtype.block
    withUnsafeTemporaryAllocation(byteCount: 4 * block.elements, alignment: 16) { memory in
      let decoded = memory.bindMemory(to: Float.self)
      func add(_ bytes: UnsafeRawBufferPointer, to count: inout NonFiniteCount) {
        values.decode(bytes, into: decoded)
        count.add(UnsafeRawBufferPointer(memory), exponent: 0x7F80_0000 as UInt32)
      }
      var rest = bytes[...]
      if !begun.isEmpty {
        let missing = rest.prefix(block.bytes - begun.count)
        begun += missing
        rest = rest.dropFirst(missing.count)
        if begun.count < block.bytes { return }
        let whole = begun
        whole.withUnsafeBytes { add($0, to: &self) }
      }
      while rest.count >= block.bytes {
        add(UnsafeRawBufferPointer(rebasing: rest.prefix(block.bytes)), to: &self)
        rest = rest.dropFirst(block.bytes)
      }
      begun = Array(rest)
    }
  }

  private func count(_ bytes: UnsafeRawBufferPointer, where isMeant: (UInt8) -> Bool) -> Int {
    bytes.reduce(0) { $0 + (isMeant($1) ? 1 : 0) }
  }

  private mutating func add<Bits: FixedWidthInteger & UnsignedInteger>(
    _ bytes: UnsafeRawBufferPointer, exponent: Bits
  ) {
    // Almost all tensors have none, so each stretch is tested fast, and is counted only if it has some.
    var start = 0
    while start < bytes.count {
      let stretch = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + 8192, bytes.count)])
      if Self.hasAny(stretch, exponent: UInt64(exponent), bits: Bits.bitWidth) {
        stretch.withMemoryRebound(to: Bits.self) { addSlowly($0, exponent: exponent) }
      }
      start += stretch.count
    }
  }

  /// Whether all bits of an element's exponent are ones; also true if the bytes are not a multiple of 8.
  ///
  /// Eight bytes are tested at a time. One is added to the lowest bit of the exponent; the sum carries into the place
  /// of the sign only if all bits of the exponent are ones. It stays in its element, so whole words can be added, and
  /// the compiler uses vectors.
  private static func hasAny(_ bytes: UnsafeRawBufferPointer, exponent: UInt64, bits: Int) -> Bool {
    guard bytes.count % 8 == 0 else { return true }
    var ones: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: bits) { ones |= 1 << UInt64(shift) }
    let mask = exponent &* ones
    let lowest = (exponent & ~(exponent &- 1)) &* ones
    let sign = ones << UInt64(bits - 1)
    return bytes.withMemoryRebound(to: UInt64.self) { words in
      var found: UInt64 = 0
      // The bytes are little-endian, as on every platform that Swift supports.
      for word in words { found |= (word & mask) &+ lowest }
      return found & sign != 0
    }
  }

  private mutating func addSlowly<Bits: FixedWidthInteger & UnsignedInteger>(
    _ elements: UnsafeBufferPointer<Bits>, exponent: Bits
  ) {
    let sign = ~(Bits.max >> 1)
    for element in elements where element & exponent == exponent {
      if element & ~sign != exponent {
        nan += 1
      } else if element & sign == 0 {
        positive += 1
      } else {
        negative += 1
      }
    }
  }
}
