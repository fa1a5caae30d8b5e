internal import Tensors

/// The dtypes of Flax's arrays, by NumPy's names and those of `ml_dtypes`.
///
/// `int4`, `uint4`, `int2`, `uint2` and `float4_e2m1fn` take a whole byte for each element, which no dtype here does.
enum FlaxDType {
  static func dtype(_ name: String) -> DType? { table[name] }

  private static let table: [String: DType] = [
    "float64": .f64, "float32": .f32, "float16": .f16, "bfloat16": .bf16, "float8_e4m3fn": .f8E4M3,
    "float8_e5m2": .f8E5M2, "float8_e8m0fnu": .f8E8M0, "float8_e4m3fnuz": .f8E4M3FNUZ,
    "float8_e5m2fnuz": .f8E5M2FNUZ, "int64": .i64, "int32": .i32, "int16": .i16, "int8": .i8, "uint64": .u64,
    "uint32": .u32, "uint16": .u16, "uint8": .u8, "bool": .bool, "complex64": .c64, "complex128": .c128,
  ]
}
