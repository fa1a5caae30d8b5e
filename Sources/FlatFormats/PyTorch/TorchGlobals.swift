internal import Pickle

/// The globals that PyTorch's weights-only loader needs for tensors and their containers.
///
/// Here they are only names and are never called. Every other name in a pickle is reported: an unrestricted loader
/// would import and call it.
enum TorchGlobals {
  /// The functions and classes that make a tensor from a storage.
  enum Rebuild: String {
    case tensor = "_rebuild_tensor"
    case tensor2 = "_rebuild_tensor_v2"
    case tensor3 = "_rebuild_tensor_v3"
    case parameter = "_rebuild_parameter"
    case parameterWithState = "_rebuild_parameter_with_state"
    case fromType = "_rebuild_from_type_v2"
    case quantised = "_rebuild_qtensor"
    case sparse = "_rebuild_sparse_tensor"
    case sparseCSR = "_rebuild_sparse_csr_tensor"
    case meta = "_rebuild_meta_tensor_no_storage"
    case nested = "_rebuild_nested_tensor"
    case wrapper = "_rebuild_wrapper_subclass"
    case fromNumPy = "_rebuild_device_tensor_from_numpy"
    case fromCPU = "_rebuild_device_tensor_from_cpu_tensor"
    case xla = "_rebuild_xla_tensor"

    /// A description of the tensor, if its elements are not stored plainly in a storage; else nil.
    var foreign: String? {
      switch self {
      case .tensor, .tensor2, .tensor3, .parameter, .parameterWithState, .fromType: nil
      case .quantised: "a quantised tensor"
      case .sparse, .sparseCSR: "a sparse tensor"
      case .meta: "a tensor on the meta device, which has no elements"
      case .nested: "a nested tensor"
      case .wrapper: "a tensor inside another class"
      case .fromNumPy, .fromCPU, .xla: "a tensor of another device"
      }
    }
  }

  static func rebuild(_ global: PickleGlobal) -> Rebuild? {
    switch global.module {
    case "torch._utils": Rebuild(rawValue: global.name)
    case "torch._tensor" where global.name == Rebuild.fromType.rawValue: .fromType
    default: nil
    }
  }

  /// Classes of dictionaries whose state has no tensors of the model.
  static func isDictionary(_ global: PickleGlobal) -> Bool {
    global.module == "collections" && ["OrderedDict", "defaultdict", "Counter"].contains(global.name)
  }

  /// Classes of parameters that have no shape before a first run.
  static func isUninitialised(_ global: PickleGlobal) -> Bool {
    global.module == "torch.nn.parameter"
      && ["UninitializedParameter", "UninitializedBuffer"].contains(global.name)
  }

  /// Classes of tensors whose elements are divided among ranks; a file has those of one rank.
  static func isOfRanks(_ global: PickleGlobal) -> Bool {
    global.module.hasPrefix("torch.distributed.") && ["DTensor", "ShardedTensor"].contains(global.name)
  }

  /// Whether `global` only makes tensors, their parts or their containers.
  static func isTensors(_ global: PickleGlobal) -> Bool {
    if rebuild(global) != nil || TorchDType.storage(global) != nil || isDictionary(global) { return true }
    return known[global.module]?.contains(global.name) == true
      || (global.module == "torch" && isDTypeName(global.name))
  }

  private static func isDTypeName(_ name: String) -> Bool {
    // A dot would mean an attribute of a dtype, which is not a dtype.
    guard name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else { return false }
    return ["float", "int", "uint", "bfloat", "complex", "quint", "qint", "bits"].contains {
      name.hasPrefix($0) && name.dropFirst($0.count).first?.isNumber == true
    } || name == "bool"
  }

  private static let known: [String: Set<String>] = [
    "torch": [
      "Tensor", "Size", "device", "dtype", "strided", "sparse_coo", "sparse_csr", "per_tensor_affine",
      "per_channel_affine", "contiguous_format", "preserve_format", "channels_last", "channels_last_3d",
    ],
    "torch.nn.parameter": ["Parameter", "Buffer", "UninitializedParameter", "UninitializedBuffer"],
    "torch.serialization": ["_get_layout"],
    "torch.storage": ["TypedStorage", "_TypedStorage"],
    "torch.jit._pickle": [
      "build_intlist", "build_doublelist", "build_boollist", "build_tensorlist", "restore_type_tag",
    ],
    "_codecs": ["encode"],
    "builtins": [
      "set", "bytearray", "complex", "int", "float", "list", "dict", "str", "tuple", "bool",
    ],
    "__builtin__": [
      "set", "bytes", "bytearray", "complex", "int", "float", "list", "dict", "str", "tuple", "bool",
    ],
  ]
}
