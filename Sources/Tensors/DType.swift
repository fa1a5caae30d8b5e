/// The element type of a tensor, spelled as in safetensors; types that safetensors lacks (C128, whole numbers of two
/// and four bits) are spelled in the same manner.
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

  /// Bits of one element; 2, 4 and 6 for the packed types, whose elements follow each other from the lowest bit on.
  public var bits: Int { traits.bits }

  /// Bytes of one element, or nil for a sub-byte type.
  public var bytes: Int? { bits % 8 == 0 ? bits / 8 : nil }

  /// Whether the last byte of a tensor may have unused bits. ONNX allows it for packed whole numbers, for example an
  /// odd number of zero points; the unused bits are kept. Tensors of packed floats always fill their bytes.
  public var mayEndInsideByte: Bool { bits < 8 && !kind.isSmallFloat }

  /// The family of the type: the meaning of its bits.
  public var kind: DTypeKind { traits.kind }

  /// The only table of widths and kinds; every other module uses it.
  private var traits: (bits: Int, kind: DTypeKind) {
    switch self {
    case .f64: (64, .float)
    case .f32: (32, .float)
    case .f16: (16, .float)
    case .bf16: (16, .brainFloat)
    case .f8E4M3: (8, .smallFloat(.init(4, 3, bias: 7, .oneNaN)))
    case .f8E5M2: (8, .smallFloat(.init(5, 2, bias: 15, .infinityAndNaN)))
    case .f8E8M0: (8, .smallFloat(.init(8, 0, bias: 127, .scale)))
    case .f8E4M3FNUZ: (8, .smallFloat(.init(4, 3, bias: 8, .negativeZeroIsNaN)))
    case .f8E5M2FNUZ: (8, .smallFloat(.init(5, 2, bias: 16, .negativeZeroIsNaN)))
    case .f6E2M3: (6, .smallFloat(.init(2, 3, bias: 1, .none)))
    case .f6E3M2: (6, .smallFloat(.init(3, 2, bias: 3, .none)))
    case .f4: (4, .smallFloat(.init(2, 1, bias: 1, .none)))
    case .i64: (64, .signed)
    case .i32: (32, .signed)
    case .i16: (16, .signed)
    case .i8: (8, .signed)
    case .u64: (64, .unsigned)
    case .u32: (32, .unsigned)
    case .u16: (16, .unsigned)
    case .u8: (8, .unsigned)
    case .i4: (4, .signed)
    case .u4: (4, .unsigned)
    case .i2: (2, .signed)
    case .u2: (2, .unsigned)
    case .bool: (8, .boolean)
    case .c64: (64, .complex)
    case .c128: (128, .complex)
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

  /// Whether the type is floating point with at most eight bits.
  var isSmallFloat: Bool { if case .smallFloat = self { true } else { false } }
}
