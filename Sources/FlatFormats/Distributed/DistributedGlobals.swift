internal import Pickle

/// The Python names that the metadata of a distributed checkpoint may refer to, besides those of tensors.
///
/// They are harmless there: each is a class that only holds what its pickle gives it. In any other pickle they are
/// unknown names, because importing them runs PyTorch's code.
enum DistributedGlobals {
  /// The classes of the metadata. Only their names in modules of PyTorch, or Megatron's own class, are accepted.
  enum Class: String {
    case metadata = "Metadata"
    case megatronMetadata = "MCoreMetadata"
    case tensor = "TensorStorageMetadata"
    case bytes = "BytesStorageMetadata"
    case chunk = "ChunkStorageMetadata"
    case properties = "TensorProperties"
    case index = "MetadataIndex"
    case place = "_StorageInfo"
    case storage = "StorageMeta"
    case format = "_MEM_FORMAT_ENCODING"
  }

  /// The class of the metadata that `global` names; nil for any other name.
  static func known(_ global: PickleGlobal) -> Class? {
    guard let found = Class(rawValue: global.name) else { return nil }
    if found == .megatronMetadata {
      return global.module.hasPrefix("megatron.core.dist_checkpointing.") ? found : nil
    }
    return modules.contains(global.module) ? found : nil
  }

  /// The effect of a name in a distributed checkpoint, if it is another one than in any other pickle.
  ///
  /// Values of Megatron (`_extra_state`) are buffers of bytes in memory. Making one runs nothing; other names of the
  /// same module reach files.
  static func effect(of global: PickleGlobal) -> GlobalClass? {
    if allows(global) { return .tensors }
    return ["_io", "io"].contains(global.module) && global.name == "BytesIO" ? .data : nil
  }

  /// Whether the metadata may refer to `global`.
  private static func allows(_ global: PickleGlobal) -> Bool {
    if known(global) != nil { return true }
    // Before version 2.4, the class of memory formats was inside another module.
    if global.name == "MEM_FORMAT_ENCODING" { return modules.contains(global.module) }
    return ["pathlib", "pathlib._local"].contains(global.module)
      && ["PosixPath", "WindowsPath"].contains(global.name)
  }

  /// Today's modules, and those of versions before 2.0 and 2.4.
  private static let modules: Set<String> = [
    "torch.distributed.checkpoint.metadata", "torch.distributed.checkpoint.filesystem",
    "torch.distributed._shard.checkpoint.metadata", "torch.distributed._shard.checkpoint.filesystem",
    "torch.distributed._shard.sharded_tensor.metadata",
  ]
}
