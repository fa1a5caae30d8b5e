internal import Pickle
internal import Tensors

/// The globals that rebuild NumPy's arrays and scalars.
enum NumPyGlobals {
  /// The ways to rebuild an array or a scalar.
  enum Rebuild {
    /// An empty array of a class; its state fills it.
    case array
    /// `bytes, dtype, shape, order[, axes]`, in protocol 5.
    case buffer
    /// `dtype, bytes`.
    case scalar
    /// An array with a mask.
    case masked
  }

  /// Names of the modules with NumPy's functions: before version 2, since version 2, and the name that some versions
  /// give the compiled module.
  private static let multiarray: Set<String> = [
    "numpy.core.multiarray", "numpy._core.multiarray", "numpy.core._multiarray_umath",
    "numpy._core._multiarray_umath",
  ]

  static func rebuild(_ global: PickleGlobal) -> Rebuild? {
    guard global.module.hasPrefix("numpy") else { return nil }
    switch global.name {
    case "_reconstruct" where multiarray.contains(global.module): return .array
    case "scalar" where multiarray.contains(global.module): return .scalar
    case "_frombuffer" where ["numpy.core.numeric", "numpy._core.numeric"].contains(global.module):
      return .buffer
    case "_mareconstruct" where ["numpy.ma.core", "numpy.ma"].contains(global.module): return .masked
    default: return nil
    }
  }

  /// Whether an array of this class stores its elements in its state, like a plain array.
  static func isPlainArray(_ global: PickleGlobal) -> Bool {
    global.module.split(separator: ".").first == "numpy"
      && ["ndarray", "memmap", "matrix"].contains(global.name)
  }

  static func isDType(_ global: PickleGlobal) -> Bool { global == PickleGlobal("numpy", "dtype") }

  /// The dtype of an element class of the package ml_dtypes; there, 4-bit and 6-bit elements take a byte.
  static func mlDType(_ global: PickleGlobal) -> DType? {
    guard global.module == "ml_dtypes" else { return nil }
    return mlNames.first { $0.name == global.name }?.dtype
  }

  /// The name of a dtype in ml_dtypes, for dtypes that take whole bytes.
  static func mlName(_ dtype: DType) -> String? { mlNames.first { $0.dtype == dtype }?.name }

  private static let mlNames: [(name: String, dtype: DType)] = [
    ("bfloat16", .bf16), ("float8_e4m3fn", .f8E4M3), ("float8_e5m2", .f8E5M2),
    ("float8_e4m3fnuz", .f8E4M3FNUZ), ("float8_e5m2fnuz", .f8E5M2FNUZ), ("float8_e8m0fnu", .f8E8M0),
  ]
}
