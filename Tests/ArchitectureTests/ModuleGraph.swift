/// The dependencies between targets that are allowed, as in ARCHITECTURE.md.
enum ModuleGraph {
  /// The modules that each target may import in addition to the standard library.
  static let allowed: [String: Set<String>] = [
    "ByteFiles": ["CLinux", "Dispatch", "Glibc", "Synchronization"],
    "StrictJSON": [],
    "Tensors": ["CCrypto", "CXXHash"],
    "TensorStreams": ["Tensors"],
    "Deflate": ["CZlib", "Glibc"],
    "Zip": ["Deflate", "Tensors", "ByteFiles"],
    "HDF5Kit": ["CHDF5", "Deflate", "ByteFiles", "Dispatch", "Glibc", "Synchronization"],
    "Pickle": [],
    "FlatFormats": [
      "Tensors", "TensorStreams", "StrictJSON", "Zip", "ByteFiles", "HDF5Kit", "Pickle", "ONNXGraph",
      "Glibc", "Synchronization",
    ],
    "ONNXGraph": ["Tensors", "ByteFiles", "Synchronization"],
    "Inference": [
      "CKernels", "ONNXGraph", "Tensors", "TensorStreams", "ByteFiles", "Glibc", "Synchronization",
    ],
    "UnitModel": ["Tensors", "StrictJSON"],
    "UnitCheckpoints": [
      "HDF5Kit", "Deflate", "UnitModel", "Tensors", "TensorStreams", "StrictJSON", "ByteFiles", "Dispatch",
      "Glibc", "Synchronization",
    ],
    "ChannelFlow": ["ONNXGraph", "Inference", "UnitModel", "Tensors", "TensorStreams"],
    "Planning": [
      "UnitModel", "Tensors", "TensorStreams", "StrictJSON", "ONNXGraph", "Inference", "ChannelFlow",
      "ByteFiles",
    ],
    "SubNetworks": [
      "ChannelFlow", "Inference", "ONNXGraph", "UnitModel", "UnitCheckpoints", "Tensors", "TensorStreams",
      "Synchronization",
    ],
    "Assigning": [
      "ByteFiles", "ChannelFlow", "Inference", "ONNXGraph", "Planning", "StrictJSON", "SubNetworks",
      "TensorStreams", "Tensors", "UnitModel", "Glibc", "Synchronization",
    ],
    "Accounting": ["UnitModel", "Tensors", "TensorStreams", "StrictJSON", "ByteFiles", "Synchronization"],
    "Studies": ["Accounting", "UnitModel", "Tensors", "StrictJSON", "Glibc"],
    "Conversion": [
      "UnitModel", "UnitCheckpoints", "Tensors", "TensorStreams", "FlatFormats", "ByteFiles", "Dispatch",
      "Synchronization",
    ],
    "Comparison": ["Tensors", "TensorStreams", "Glibc"],
    "Validation": [
      "UnitModel", "UnitCheckpoints", "Planning", "FlatFormats", "Zip", "ONNXGraph", "HDF5Kit", "Tensors",
      "TensorStreams", "StrictJSON", "ByteFiles", "Dispatch", "Glibc",
    ],
    "Reporting": [
      "Tensors", "StrictJSON", "UnitModel", "Accounting", "Validation", "Comparison", "Studies",
    ],
    "Tessera": [
      "FoundationEssentials",
      "ByteFiles", "StrictJSON", "Tensors", "TensorStreams", "HDF5Kit", "FlatFormats", "UnitModel",
      "UnitCheckpoints", "Planning", "Accounting", "Conversion", "Comparison", "Validation", "ONNXGraph",
      "Inference", "ChannelFlow", "SubNetworks", "Assigning", "Dispatch", "Synchronization",
    ],
    "TesseraTool": [
      "CLinux", "ByteFiles", "StrictJSON", "Tensors", "TensorStreams", "FlatFormats", "UnitModel",
      "UnitCheckpoints", "Planning", "Accounting", "Comparison", "Validation", "Reporting",
      "ONNXGraph",
      "Inference", "Studies", "ChannelFlow", "SubNetworks", "Assigning", "Tessera",
      "ArgumentParser", "Glibc",
    ],
  ]

  /// The targets in an order in which each imports only earlier ones; nil if the dependencies have a cycle.
  static func order() -> [String]? {
    var left = allowed
    var order: [String] = []
    while !left.isEmpty {
      let ready = left.filter { $0.value.isDisjoint(with: left.keys) }.keys.sorted()
      if ready.isEmpty { return nil }
      order += ready
      for target in ready { left[target] = nil }
    }
    return order
  }
}
