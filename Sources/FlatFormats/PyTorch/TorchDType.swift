internal import Pickle
internal import Tensors

/// PyTorch's element types, by their names in pickles.
enum TorchDType {
  /// A class of storages: the dtype of its elements, and the bytes of one element.
  struct Storage: Equatable {
    /// The dtype; nil if no tensor here has such elements: quantised ones, half-precision complex ones, plain bytes.
    let dtype: DType?
    let itemSize: Int
  }

  /// The class of storages that `global` names; nil for anything else.
  static func storage(_ global: PickleGlobal) -> Storage? {
    if global.name == "UntypedStorage" || global.name == "_UntypedStorage" {
      return ["torch", "torch.storage"].contains(global.module) ? Storage(dtype: nil, itemSize: 1) : nil
    }
    // Before version 0.4, tensors on a GPU were written with their own classes.
    guard ["torch", "torch.cuda", "torch.storage"].contains(global.module) else { return nil }
    if let typed = typed.first(where: { $0.name == global.name }) {
      return Storage(dtype: typed.dtype, itemSize: typed.dtype.bytes ?? 1)
    }
    return foreign[global.name].map { Storage(dtype: nil, itemSize: $0) }
  }

  /// The dtype that `global` names, and the number of its elements in one element of PyTorch.
  static func dtype(_ global: PickleGlobal) -> (dtype: DType, perItem: Int)? {
    guard global.module == "torch", let row = named.first(where: { $0.name == global.name }) else {
      return nil
    }
    return (row.dtype, row.dtype == .f4 ? 2 : 1)
  }

  /// The class of storages for `dtype`; nil if only an untyped storage can hold it.
  static func storageClass(of dtype: DType) -> PickleGlobal? {
    typed.first { $0.dtype == dtype }.map { PickleGlobal("torch", $0.name) }
  }

  /// PyTorch's name of `dtype`; nil if it has none.
  static func global(of dtype: DType) -> PickleGlobal? {
    named.first { $0.dtype == dtype }.map { PickleGlobal("torch", $0.name) }
  }

  private static let typed: [(name: String, dtype: DType)] = [
    ("DoubleStorage", .f64), ("FloatStorage", .f32), ("HalfStorage", .f16), ("BFloat16Storage", .bf16),
    ("LongStorage", .i64), ("IntStorage", .i32), ("ShortStorage", .i16), ("CharStorage", .i8),
    ("ByteStorage", .u8), ("BoolStorage", .bool), ("ComplexFloatStorage", .c64),
    ("ComplexDoubleStorage", .c128),
  ]

  private static let foreign: [String: Int] = [
    "QUInt8Storage": 1, "QInt8Storage": 1, "QInt32Storage": 4, "QUInt4x2Storage": 1, "QUInt2x4Storage": 1,
    "ComplexHalfStorage": 4,
  ]

  /// PyTorch counts pairs of 4-bit numbers; safetensors and this library count single numbers.
  private static let named: [(name: String, dtype: DType)] = [
    ("float64", .f64), ("float32", .f32), ("float16", .f16), ("bfloat16", .bf16), ("int64", .i64),
    ("int32", .i32), ("int16", .i16), ("int8", .i8), ("uint8", .u8), ("bool", .bool), ("complex64", .c64),
    ("complex128", .c128), ("uint16", .u16), ("uint32", .u32), ("uint64", .u64), ("float8_e4m3fn", .f8E4M3),
    ("float8_e5m2", .f8E5M2), ("float8_e4m3fnuz", .f8E4M3FNUZ), ("float8_e5m2fnuz", .f8E5M2FNUZ),
    ("float8_e8m0fnu", .f8E8M0), ("float4_e2m1fn_x2", .f4),
  ]
}
