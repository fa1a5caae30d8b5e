internal import Pickle

/// Names that make plain values. Only the complete name is in the list: an attribute of such a name is another name.
enum DataGlobals {
  static let names: [String: Set<String>] = [
    "argparse": ["Namespace"],
    "array": ["array", "_array_reconstructor"],
    "builtins": builtins,
    "__builtin__": builtins.union(["unicode", "long", "xrange"]),
    "collections": ["OrderedDict", "defaultdict", "Counter", "deque", "ChainMap"],
    "copyreg": ["_reconstructor", "__newobj__", "__newobj_ex__"],
    "copy_reg": ["_reconstructor", "__newobj__"],
    "datetime": ["date", "datetime", "time", "timedelta", "timezone", "tzinfo"],
    "decimal": ["Decimal"],
    "enum": ["Enum", "IntEnum", "Flag", "IntFlag", "StrEnum"],
    "fractions": ["Fraction"],
    "ipaddress": ["IPv4Address", "IPv6Address"],
    "logging": ["getLogger"],
    "pathlib": paths,
    "pathlib._local": paths,
    "random": ["Random"],
    "re": ["_compile"],
    "sre_compile": ["compile"],
    "types": ["SimpleNamespace", "NoneType", "EllipsisType"],
    "uuid": ["UUID", "SafeUUID"],
    "zoneinfo": ["ZoneInfo"],
    "numpy": numpy,
    "numpy.core.multiarray": multiarray,
    "numpy._core.multiarray": multiarray,
    "numpy.core.numeric": ["_frombuffer"],
    "numpy._core.numeric": ["_frombuffer"],
    "ml_dtypes": mlDTypes,
    "numpy.ma": ["MaskedArray"],
    "numpy.ma.core": ["_mareconstruct", "MaskedArray"],
    "numpy.random": ["RandomState", "Generator"],
    "numpy.random._pickle": [
      "__randomstate_ctor", "__generator_ctor", "__bit_generator_ctor",
    ],
    "numpy.random._mt19937": ["MT19937"],
    "numpy.random._pcg64": ["PCG64", "PCG64DXSM"],
    "numpy.random._philox": ["Philox"],
    "numpy.random._sfc64": ["SFC64"],
    "numpy.random.mtrand": ["RandomState"],
    "torch": ["layout", "memory_format", "qscheme", "Generator", "strided", "jagged", "iinfo", "finfo"],
    "torch.torch_version": ["TorchVersion"],
  ]

  /// Whether the name of `global` has the pattern of a NumPy scalar type or dtype, or of a Python exception, which only
  /// stores its arguments.
  static func isScalarOrException(_ global: PickleGlobal) -> Bool {
    if global.name.contains(".") { return false }
    switch global.module {
    case "numpy.dtypes": return global.name.hasSuffix("DType")
    case "builtins", "exceptions", "__builtin__":
      return ["Error", "Exception", "Warning"].contains(where: global.name.hasSuffix)
    default: return false
    }
  }

  private static let builtins: Set<String> = [
    "set", "frozenset", "bytearray", "bytes", "complex", "int", "float", "list", "dict", "str", "tuple",
    "bool",
    "slice", "range", "object", "NotImplemented", "Ellipsis", "StopIteration", "KeyboardInterrupt",
  ]
  private static let mlDTypes: Set<String> = [
    "bfloat16", "float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fn", "float8_e4m3fnuz",
    "float8_e5m2",
    "float8_e5m2fnuz", "float8_e8m0fnu", "float6_e2m3fn", "float6_e3m2fn", "float4_e2m1fn", "int2", "int4",
    "uint2",
    "uint4",
  ]
  private static let paths: Set<String> = [
    "Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath",
  ]
  private static let multiarray: Set<String> = ["scalar", "_reconstruct"]
  private static let numpy: Set<String> = [
    "dtype", "ndarray", "matrix", "recarray", "record", "bool_", "bool", "int8", "int16", "int32", "int64",
    "intc",
    "intp", "int_", "longlong", "uint8", "uint16", "uint32", "uint64", "uintc", "uintp", "uint", "ulonglong",
    "float16", "float32", "float64", "float128", "longdouble", "half", "single", "double", "complex64",
    "complex128", "complex256", "clongdouble", "str_", "bytes_", "void", "object_", "datetime64",
    "timedelta64",
    "float_", "complex_", "unicode_", "string_",
  ]
}
