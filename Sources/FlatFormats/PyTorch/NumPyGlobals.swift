internal import Pickle
internal import Tensors

/// The globals that NumPy's arrays and scalars are rebuilt with.
enum NumPyGlobals {
  /// How an array or a scalar is rebuilt.
  enum Rebuild {
    /// An empty array of a class, which the state fills.
    case array
    /// `bytes, dtype, shape, order[, axes]`, of protocol 5.
    case buffer
    /// `dtype, bytes`.
    case scalar
    /// An array with a mask beside it.
    case masked
  }

  /// Where NumPy's functions are: before version 2, since, and as some versions name the compiled module.
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

  /// Whether an array of this class has its elements in its state as every array has.
  static func isPlainArray(_ global: PickleGlobal) -> Bool {
    global.module.split(separator: ".").first == "numpy"
      && ["ndarray", "memmap", "matrix"].contains(global.name)
  }

  static func isDType(_ global: PickleGlobal) -> Bool { global == PickleGlobal("numpy", "dtype") }

  /// The dtype of a class of elements that the package ml_dtypes adds to NumPy; its 4-bit and 6-bit ones take a byte.
  static func mlDType(_ global: PickleGlobal) -> DType? {
    guard global.module == "ml_dtypes" else { return nil }
    switch global.name {
    case "bfloat16": return .bf16
    case "float8_e4m3fn": return .f8E4M3
    case "float8_e5m2": return .f8E5M2
    case "float8_e4m3fnuz": return .f8E4M3FNUZ
    case "float8_e5m2fnuz": return .f8E5M2FNUZ
    case "float8_e8m0fnu": return .f8E8M0
    default: return nil
    }
  }
}
