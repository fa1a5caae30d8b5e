import Pickle

/// A PyTorch file built part by part, so that a test can change each part.
struct TorchBytes {
  var top = "m"
  var pickle: [UInt8]
  var storages: [(key: String, bytes: [UInt8])] = [("0", pattern(24, salt: 1))]
  var version: String? = "3\n"
  var byteOrder: String? = "little"
  /// Further members, with their full names.
  var others: [(name: String, bytes: [UInt8])] = []

  init(_ pickle: [UInt8]) { self.pickle = pickle }

  /// One tensor `w` of six elements F32, changed by `change`.
  static func tensor(_ change: (inout TensorArguments) -> Void = { _ in }) -> TorchBytes {
    var arguments = TensorArguments()
    change(&arguments)
    return TorchBytes(stateDict { $0.tensor("w", arguments) })
  }

  func with(_ change: (inout TorchBytes) -> Void) -> TorchBytes {
    var copy = self
    change(&copy)
    return copy
  }

  var zip: ZipBytes {
    var members = [ZipBytes.Member("\(top)/data.pkl", pickle)]
    if let byteOrder { members.append(.init("\(top)/byteorder", Array(byteOrder.utf8))) }
    members += storages.map { .init("\(top)/data/\($0.key)", $0.bytes) }
    if let version { members.append(.init("\(top)/version", Array(version.utf8))) }
    return ZipBytes(members + others.map { .init($0.name, $0.bytes) })
  }

  var file: [UInt8] { zip.file }

  /// The form before version 1.6: the header's pickles, the tensors', the keys', and the storages.
  func legacy(
    magic: [UInt8] = legacyMagic, version: Int = 1001, system: [UInt8]? = nil, keys: [UInt8]? = nil,
    counts: [Int] = [6]
  ) -> [UInt8] {
    var list: [UInt8] = [0x80, 2, 0x5D]
    for (key, _) in storages { list += pickled { $0.text(key) }.dropFirst(2).dropLast() + [0x61] }
    var file = magic + pickled { $0.integer(version) }
    file += system ?? [0x80, 2, 0x7D, 0x2E]
    file += pickle + (keys ?? list + [0x2E])
    for (storage, count) in Swift.zip(storages, counts) { file += bytes(UInt64(count)) + storage.bytes }
    return file
  }
}

/// 0x1950a86a20f9469cfc6c as a pickle.
let legacyMagic: [UInt8] = [
  0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
]

/// The arguments that rebuild a tensor.
struct TensorArguments {
  var function = "_rebuild_tensor_v2"
  var storageClass = PickleGlobal("torch", "FloatStorage")
  var key = "0"
  var count = 6
  var offset = 0
  var shape = [2, 3]
  var strides = [3, 1]
  var dtype: PickleGlobal?
}

func pickled(_ body: (inout PickleWriter) -> Void) -> [UInt8] {
  var writer = PickleWriter()
  body(&writer)
  writer.stop()
  return writer.bytes
}

func stateDict(_ body: (inout PickleWriter) -> Void) -> [UInt8] {
  pickled { writer in
    writer.call(PickleGlobal("collections", "OrderedDict")) { _ in }
    writer.items(body)
  }
}

extension PickleWriter {
  /// Writes a key and the tensor under it.
  mutating func tensor(_ name: String, _ arguments: TensorArguments) {
    text(name)
    tensor(arguments)
  }

  mutating func tensor(_ arguments: TensorArguments) {
    call(PickleGlobal("torch._utils", arguments.function)) { writer in
      writer.persistent { writer in
        writer.sharedText("storage")
        writer.global(arguments.storageClass)
        writer.text(arguments.key)
        writer.sharedText("cpu")
        writer.integer(arguments.count)
      }
      writer.integer(arguments.offset)
      writer.tuple(arguments.shape)
      writer.tuple(arguments.strides)
      writer.boolean(false)
      writer.call(PickleGlobal("collections", "OrderedDict")) { _ in }
      if let dtype = arguments.dtype { writer.global(dtype) }
    }
  }
}
