/// The element type of a tensor, spelled as in safetensors; types that safetensors lacks (C128, whole numbers of two
/// and four bits) are spelled in the same manner. Block-quantised types are spelled as in GGUF.
public enum DType: String, CaseIterable, Sendable {
  case f64 = "F64"
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"
  case f8E4M3 = "F8_E4M3"
  case f8E5M2 = "F8_E5M2"
  case f8E8M0 = "F8_E8M0"
  case f8E4M3FNUZ = "F8_E4M3FNUZ"
  case f8E5M2FNUZ = "F8_E5M2FNUZ"
  case f6E2M3 = "F6_E2M3"
  case f6E3M2 = "F6_E3M2"
  case f4 = "F4"
  case i64 = "I64"
  case i32 = "I32"
  case i16 = "I16"
  case i8 = "I8"
  case u64 = "U64"
  case u32 = "U32"
  case u16 = "U16"
  case u8 = "U8"
  case i4 = "I4"
  case u4 = "U4"
  case i2 = "I2"
  case u2 = "U2"
  case bool = "BOOL"
  case c64 = "C64"
  case c128 = "C128"
  case q40 = "Q4_0"
  case q41 = "Q4_1"
  case q50 = "Q5_0"
  case q51 = "Q5_1"
  case q80 = "Q8_0"
  case q81 = "Q8_1"
  case q2K = "Q2_K"
  case q3K = "Q3_K"
  case q4K = "Q4_K"
  case q5K = "Q5_K"
  case q6K = "Q6_K"
  case q8K = "Q8_K"
  case iq2XXS = "IQ2_XXS"
  case iq2XS = "IQ2_XS"
  case iq3XXS = "IQ3_XXS"
  case iq1S = "IQ1_S"
  case iq4NL = "IQ4_NL"
  case iq3S = "IQ3_S"
  case iq2S = "IQ2_S"
  case iq4XS = "IQ4_XS"
  case iq1M = "IQ1_M"
  case tq10 = "TQ1_0"
  case tq20 = "TQ2_0"
  case mxfp4 = "MXFP4"
  case nvfp4 = "NVFP4"
  case q10 = "Q1_0"

  /// Bits of one element; 2, 4 and 6 for the packed types, whose elements follow each other from the lowest bit on. nil
  /// for block-quantised types, whose elements have no bits of their own.
  public var bits: Int? { if case .bits(let bits) = traits.width { bits } else { nil } }

  /// Bytes of one element, or nil if elements share bytes.
  public var bytes: Int? { bits.flatMap { $0 % 8 == 0 ? $0 / 8 : nil } }

  /// The shortest run of elements that has bytes of its own: one F32 in 4 bytes, four F6_E2M3 in 3, 32 Q4_0 in 18.
  /// Tensors are cut between blocks only.
  public var block: ElementBlock {
    switch traits.width {
    case .block(let block): block
    // 8, 4 and 2 bits: one, two and four elements in a byte. 6 bits: four in three bytes.
    case .bits(let bits) where bits % 8 == 0: ElementBlock(elements: 1, bytes: bits / 8)
    case .bits(let bits) where bits == 6: ElementBlock(elements: 4, bytes: 3)
    case .bits(let bits): ElementBlock(elements: 8 / bits, bytes: 1)
    }
  }

  /// Whether elements have no bits of their own: a block has numbers in few bits, and scales that all of them share.
  public var isBlockQuantised: Bool { bits == nil }

  /// Whether the last byte of a tensor may have unused bits. ONNX allows it for packed whole numbers, for example an
  /// odd number of zero points; the unused bits are kept. Tensors of packed floats always fill their bytes.
  public var mayEndInsideByte: Bool { bits.map { $0 < 8 } ?? false && !kind.isSmallFloat }

  /// The bytes of `count` elements, rounded up. It cannot overflow for a part of a tensor, whose bytes fit an Int.
  public func byteCount(ofElements count: Int) -> Int {
    let (whole, rest) = count.quotientAndRemainder(dividingBy: block.elements)
    return whole * block.bytes + (rest * block.bytes + block.elements - 1) / block.elements
  }

  /// The whole elements in `byteCount` bytes, which must be those of a tensor or of a part of one.
  public func elementCount(inBytes byteCount: Int) -> Int {
    let (whole, rest) = byteCount.quotientAndRemainder(dividingBy: block.bytes)
    return whole * block.elements + (bits.map { rest * 8 / $0 } ?? 0)
  }

  /// The family of the type: the meaning of its bits.
  public var kind: DTypeKind { traits.kind }

  /// The size of elements: alone, or together with the others of their block.
  private enum Width {
    case bits(Int)
    case block(ElementBlock)
  }

  /// The only table of widths and kinds; every other module uses it.
  private var traits: (width: Width, kind: DTypeKind) {
    switch self {
    case .f64: (.bits(64), .float)
    case .f32: (.bits(32), .float)
    case .f16: (.bits(16), .float)
    case .bf16: (.bits(16), .brainFloat)
    case .f8E4M3: (.bits(8), .smallFloat(.init(4, 3, bias: 7, .oneNaN)))
    case .f8E5M2: (.bits(8), .smallFloat(.init(5, 2, bias: 15, .infinityAndNaN)))
    case .f8E8M0: (.bits(8), .smallFloat(.init(8, 0, bias: 127, .scale)))
    case .f8E4M3FNUZ: (.bits(8), .smallFloat(.init(4, 3, bias: 8, .negativeZeroIsNaN)))
    case .f8E5M2FNUZ: (.bits(8), .smallFloat(.init(5, 2, bias: 16, .negativeZeroIsNaN)))
    case .f6E2M3: (.bits(6), .smallFloat(.init(2, 3, bias: 1, .none)))
    case .f6E3M2: (.bits(6), .smallFloat(.init(3, 2, bias: 3, .none)))
    case .f4: (.bits(4), .smallFloat(.init(2, 1, bias: 1, .none)))
    case .i64: (.bits(64), .signed)
    case .i32: (.bits(32), .signed)
    case .i16: (.bits(16), .signed)
    case .i8: (.bits(8), .signed)
    case .u64: (.bits(64), .unsigned)
    case .u32: (.bits(32), .unsigned)
    case .u16: (.bits(16), .unsigned)
    case .u8: (.bits(8), .unsigned)
    case .i4: (.bits(4), .signed)
    case .u4: (.bits(4), .unsigned)
    case .i2: (.bits(2), .signed)
    case .u2: (.bits(2), .unsigned)
    case .bool: (.bits(8), .boolean)
    case .c64: (.bits(64), .complex)
    case .c128: (.bits(128), .complex)
    // The sizes of ggml (ggml-common.h), in the order of its numbers.
    case .q40: (.block(.init(elements: 32, bytes: 18)), .quantised)
    case .q41: (.block(.init(elements: 32, bytes: 20)), .quantised)
    case .q50: (.block(.init(elements: 32, bytes: 22)), .quantised)
    case .q51: (.block(.init(elements: 32, bytes: 24)), .quantised)
    case .q80: (.block(.init(elements: 32, bytes: 34)), .quantised)
    case .q81: (.block(.init(elements: 32, bytes: 36)), .quantised)
    case .q2K: (.block(.init(elements: 256, bytes: 84)), .quantised)
    case .q3K: (.block(.init(elements: 256, bytes: 110)), .quantised)
    case .q4K: (.block(.init(elements: 256, bytes: 144)), .quantised)
    case .q5K: (.block(.init(elements: 256, bytes: 176)), .quantised)
    case .q6K: (.block(.init(elements: 256, bytes: 210)), .quantised)
    case .q8K: (.block(.init(elements: 256, bytes: 292)), .quantised)
    case .iq2XXS: (.block(.init(elements: 256, bytes: 66)), .quantised)
    case .iq2XS: (.block(.init(elements: 256, bytes: 74)), .quantised)
    case .iq3XXS: (.block(.init(elements: 256, bytes: 98)), .quantised)
    case .iq1S: (.block(.init(elements: 256, bytes: 50)), .quantised)
    case .iq4NL: (.block(.init(elements: 32, bytes: 18)), .quantised)
    case .iq3S: (.block(.init(elements: 256, bytes: 110)), .quantised)
    case .iq2S: (.block(.init(elements: 256, bytes: 82)), .quantised)
    case .iq4XS: (.block(.init(elements: 256, bytes: 136)), .quantised)
    case .iq1M: (.block(.init(elements: 256, bytes: 56)), .quantised)
    case .tq10: (.block(.init(elements: 256, bytes: 54)), .quantised)
    case .tq20: (.block(.init(elements: 256, bytes: 66)), .quantised)
    case .mxfp4: (.block(.init(elements: 32, bytes: 17)), .quantised)
    case .nvfp4: (.block(.init(elements: 64, bytes: 36)), .quantised)
    case .q10: (.block(.init(elements: 128, bytes: 18)), .quantised)
    }
  }
}

/// The families of element types.
public enum DTypeKind: Hashable, Sendable {
  /// IEEE 754 binary16, binary32, binary64.
  case float
  /// The upper half of a binary32.
  case brainFloat
  /// At most eight bits. No arithmetic type holds them, so they are moved as raw bytes.
  case smallFloat(SmallFloatLayout)
  case signed, unsigned, boolean
  /// The real part first, then the imaginary part.
  case complex
  /// Blocks of ggml, the library of llama.cpp: numbers in few bits, with scales that a block shares.
  case quantised

  /// Whether the type is floating point with at most eight bits.
  var isSmallFloat: Bool { if case .smallFloat = self { true } else { false } }
}

/// A run of elements with bytes of its own.
public struct ElementBlock: Hashable, Sendable {
  /// The number of elements, at least 1.
  public let elements: Int
  /// The bytes of all of them together.
  public let bytes: Int
}
