public import Tensors

/// `TensorProto.DataType`: the type of an ONNX tensor's elements.
public enum ElementType: Int, CaseIterable, Sendable {
  case float = 1
  case uint8, int8, uint16, int16, int32, int64, string, bool, float16, double, uint32, uint64
  case complex64, complex128, bfloat16, float8E4M3FN, float8E4M3FNUZ, float8E5M2, float8E5M2FNUZ
  case uint4, int4, float4E2M1, float8E8M0, uint2, int2, float6E2M3, float6E3M2

  /// The dtype of flat formats; nil for text.
  public var dtype: DType? {
    switch self {
    case .float: .f32
    case .uint8: .u8
    case .int8: .i8
    case .uint16: .u16
    case .int16: .i16
    case .int32: .i32
    case .int64: .i64
    case .bool: .bool
    case .float16: .f16
    case .double: .f64
    case .uint32: .u32
    case .uint64: .u64
    case .complex64: .c64
    case .complex128: .c128
    case .bfloat16: .bf16
    case .float8E4M3FN: .f8E4M3
    case .float8E4M3FNUZ: .f8E4M3FNUZ
    case .float8E5M2: .f8E5M2
    case .float8E5M2FNUZ: .f8E5M2FNUZ
    case .float8E8M0: .f8E8M0
    case .float4E2M1: .f4
    case .float6E2M3: .f6E2M3
    case .float6E3M2: .f6E3M2
    case .uint4: .u4
    case .int4: .i4
    case .uint2: .u2
    case .int2: .i2
    case .string: nil
    }
  }

  /// The element type of a dtype of flat formats; nil for block-quantised types, which ONNX lacks.
  public init?(_ dtype: DType) {
    guard let type = Self.allCases.first(where: { $0.dtype == dtype }) else { return nil }
    self = type
  }

  /// Bits of one packed element; nil for text.
  public var bits: Int? { dtype?.bits }

  /// The name in tables and `--json`.
  public var name: String { dtype?.rawValue ?? "STRING" }

  /// Whether elements are real or complex numbers with an exponent, as weights are.
  public var isFloatingPoint: Bool {
    switch self {
    case .float, .float16, .double, .bfloat16, .complex64, .complex128, .float8E4M3FN, .float8E4M3FNUZ,
      .float8E5M2, .float8E5M2FNUZ, .float8E8M0, .float4E2M1, .float6E2M3, .float6E3M2:
      true
    case .uint8, .int8, .uint16, .int16, .int32, .int64, .uint32, .uint64, .uint4, .int4, .uint2, .int2,
      .bool,
      .string:
      false
    }
  }

  /// The field of `TensorProto` for elements that are not in `raw_data`.
  var typedField: Int {
    switch self {
    case .float, .complex64: 4
    case .int64: 7
    case .double, .complex128: 10
    case .uint32, .uint64: 11
    case .string: 6
    default: 5
    }
  }
}
