import FlatFormats
import Pickle
import TensorStreams
import Tensors
import TestSupport

private let good = TorchBytes.tensor()

/// A file in the zip form that must be refused.
private func torch(_ rule: FlatFormatRule, _ label: String, _ file: TorchBytes) -> RefusalCase {
  .file(rule, "x.pt", label, file.file)
}

/// A pickle in a sound archive.
private func pickle(_ rule: FlatFormatRule, _ label: String, _ bytes: [UInt8]) -> RefusalCase {
  torch(rule, label, TorchBytes(bytes))
}

private func tensor(
  _ rule: FlatFormatRule, _ label: String, _ change: (inout TensorArguments) -> Void
) -> RefusalCase {
  torch(rule, label, .tensor(change))
}

/// A tar archive with one member.
private let tar: [UInt8] = {
  var block = [UInt8](repeating: 0, count: 1536)
  block.replaceSubrange(0..<8, with: Array("sys_info".utf8))
  block.replaceSubrange(257..<262, with: Array("ustar".utf8))
  return block
}()

/// A key, then a tensor within nested lists.
private func nested(_ depth: Int) -> [UInt8] {
  let tensor = stateDict { $0.tensor("w", TensorArguments()) }.dropFirst(2).dropLast()
  return [0x80, 2] + [UInt8](repeating: 0x5D, count: depth) + tensor + [UInt8](repeating: 0x61, count: depth)
    + [0x2E]
}

extension RefusalCase {
  /// Malformed pickles; each has one wrong instruction.
  static let pickleCases: [RefusalCase] = [
    pickle(.pickleTruncated, "nothing", []),
    pickle(.pickleTruncated, "no stop", [0x80, 2, 0x7D]),
    pickle(.pickleTruncated, "half a number", [0x80, 2, 0x4A, 1, 2]),
    pickle(.pickleTruncated, "a text of 2^32 bytes", [0x80, 2, 0x58, 0xFF, 0xFF, 0xFF, 0xFF, 97]),
    pickle(.pickleTruncated, "a text of 2^64 bytes", [0x80, 4, 0x8D] + [UInt8](repeating: 0xFF, count: 8)),
    pickle(.pickleTruncated, "a frame past the end", [0x80, 4, 0x95, 9, 0, 0, 0, 0, 0, 0, 0, 0x2E]),
    pickle(.pickleOpcode, "0xFF", [0x80, 2, 0xFF]),
    pickle(.pickleVersion, "protocol 6", [0x80, 6, 0x7D, 0x2E]),
    pickle(.pickleStack, "nothing to stop with", [0x80, 2, 0x2E]),
    pickle(.pickleStack, "a tuple without a mark", [0x80, 2, 0x74, 0x2E]),
    pickle(.pickleStack, "a value below the mark", [0x80, 2, 0x4E, 0x28, 0x85, 0x2E]),
    pickle(.pickleStack, "an item for a number", [0x80, 2, 0x4B, 1, 0x4B, 2, 0x4B, 3, 0x73, 0x2E]),
    pickle(.pickleStack, "an odd number of items", [0x80, 2, 0x7D, 0x28, 0x4E, 0x75, 0x2E]),
    pickle(.pickleStack, "arguments that are no tuple", [0x80, 2] + Array("ca\nb\nNR.".utf8)),
    pickle(.pickleStack, "a number to call", [0x80, 2, 0x4B, 1, 0x29, 0x52, 0x2E]),
    pickle(.pickleStack, "a state for a number", [0x80, 2, 0x4B, 1, 0x7D, 0x62, 0x2E]),
    pickle(.pickleStack, "a global of numbers", [0x80, 4, 0x4B, 1, 0x4B, 2, 0x93, 0x2E]),
    pickle(.pickleMemo, "a value never put away", [0x80, 2, 0x68, 7, 0x2E]),
    pickle(.pickleArgument, "a number that is none", Array("Iseven\n.".utf8)),
    pickle(.pickleArgument, "a string without quotes", Array("Stext\n.".utf8)),
    pickle(.pickleArgument, "a place in the memo that is none", Array("Np-1\n.".utf8)),
    pickle(.pickleArgument, "text that is no UTF-8", [0x80, 2, 0x58, 1, 0, 0, 0, 0xC0, 0x2E]),
    pickle(
      .pickleLimit, "an integer of 2,000 bytes", [0x8B, 0xD0, 7, 0, 0] + pattern(2000, salt: 1) + [0x2E]),
    pickle(
      .pickleLimit, "a number of 500 digits",
      Array("L".utf8) + [UInt8](repeating: 0x39, count: 500) + [10, 0x2E]),
    pickle(
      .pickleLimit, "three million values", [0x80, 2] + [UInt8](repeating: 0x5D, count: 3_000_000) + [0x2E]),
    .file(.pickleGlobals, "x.pkl", "os.system", Array("cos\nsystem\n(S'true'\ntR.".utf8)),
    .file(.torchNoTensors, "x.pkl", "a pickled list", [0x80, 2, 0x5D, 0x2E]),
  ]

  /// Malformed PyTorch files.
  static let torchCases: [RefusalCase] = [
    .file(.torchTar, "x.pt", "a tar archive", tar),
    torch(.torchMembers, "no pickle", good.with { $0.top = "m/n" }),
    torch(.torchMembers, "two pickles", good.with { $0.others = [("n/data.pkl", [0x7D, 0x2E])] }),
    torch(.torchMembers, "a member outside", good.with { $0.others = [("n/data/0", [1])] }),
    torch(.torchMembers, "a long version", good.with { $0.version = String(repeating: "3", count: 99) }),
    torch(.torchVersion, "none", good.with { $0.version = nil }),
    torch(.torchVersion, "11", good.with { $0.version = "11\n" }),
    torch(.torchVersion, "text", good.with { $0.version = "three" }),
    torch(.torchByteOrder, "middle", good.with { $0.byteOrder = "middle" }),
    .file(.torchLegacy, "x.pt", "another protocol", good.legacy(version: 1002)),
    .file(.torchLegacy, "x.pt", "a number for the system", good.legacy(system: pickled { $0.integer(1) })),
    .file(.torchLegacy, "x.pt", "a number for the keys", good.legacy(keys: pickled { $0.integer(1) })),
    .file(.torchLegacy, "x.pt", "a dictionary among the keys", good.legacy(keys: [0x5D, 0x7D, 0x61, 0x2E])),
    .file(.torchStorage, "x.pt", "no keys", good.legacy(keys: [0x5D, 0x2E])),
    .file(
      .torchStorage, "x.pt", "a key that no tensor names",
      good.with { $0.storages.append(("1", [])) }.legacy(counts: [6, 0])),
    .file(.torchStorageSize, "x.pt", "another count", good.legacy(counts: [5])),
    .file(.torchStorageSize, "x.pt", "cut off", Array(good.legacy().dropLast())),
    .file(.torchStorageSize, "x.pt", "cut off in the count", Array(good.legacy().dropLast(25))),
    torch(.torchStorage, "not there", good.with { $0.storages = [] }),
    tensor(.torchStorage, "another class") { $0.storageClass = PickleGlobal("os", "system") },
    tensor(.torchStorage, "a class with control characters") {
      $0.storageClass = PickleGlobal("o\u{0}s", "a\u{1}")
    },
    torch(
      .torchBounds, "a storage whose key is two lines",
      TorchBytes(
        stateDict { writer in
          var arguments = TensorArguments()
          arguments.key = "1\n\u{0}"
          arguments.offset = 1
          writer.tensor("w", arguments)
        })),
    tensor(.torchStorage, "a negative count") { $0.count = -1 },
    tensor(.torchStorage, "more than 2^63 bytes") { $0.count = .max },
    torch(
      .torchStorage, "of two classes",
      TorchBytes(
        stateDict { writer in
          writer.tensor("a", TensorArguments())
          var other = TensorArguments()
          other.storageClass = PickleGlobal("torch", "IntStorage")
          writer.tensor("b", other)
        })),
    torch(.torchStorageSize, "short", good.with { $0.storages[0].bytes.removeLast() }),
    torch(.torchStorageSize, "long", good.with { $0.storages[0].bytes.append(7) }),
    tensor(.torchTensor, "fewer strides") { $0.strides = [1] },
    tensor(.torchTensor, "a negative extent") { $0.shape = [-2, 3] },
    tensor(.torchTensor, "a negative stride") { $0.strides = [-3, 1] },
    tensor(.torchTensor, "a negative offset") { $0.offset = -1 },
    tensor(.torchTensor, "65 dimensions") {
      $0.shape = [Int](repeating: 1, count: 65)
      $0.strides = $0.shape
    },
    tensor(.torchTensor, "a dtype that is missing") { $0.function = "_rebuild_tensor_v3" },
    tensor(.torchTensor, "an element count beyond 2^63") {
      $0.shape = [1 << 40, 1 << 40]
      $0.strides = [0, 0]
    },
    tensor(.torchTensor, "a parameter of no tensor") { $0.function = "_rebuild_parameter" },
    tensor(.torchBounds, "one element past the end") { $0.offset = 1 },
    tensor(.torchBounds, "strides past the end") { $0.strides = [4, 1] },
    tensor(.torchBounds, "a span beyond 2^63") {
      $0.shape = [3, 3]
      $0.strides = [.max / 2, .max / 2]
    },
    tensor(.torchBounds, "an offset beyond 2^63") { $0.offset = .max },
    torch(
      .torchDuplicateName, "a.b and a with b",
      TorchBytes(
        stateDict { writer in
          writer.tensor("a.b", TensorArguments())
          writer.text("a")
          writer.call(PickleGlobal("collections", "OrderedDict")) { _ in }
          writer.items { $0.tensor("b", TensorArguments()) }
        })),
    pickle(.torchNesting, "200 lists", nested(200)),
    pickle(
      .torchNesting, "lists that hold the list before twice",
      [0x80, 2] + stateDict { $0.tensor("w", TensorArguments()) }.dropFirst(2).dropLast()
        + [UInt8](repeating: 0, count: 40).flatMap { _ -> [UInt8] in [0x71, 9, 0x68, 9, 0x86] } + [0x2E]),
    tensor(.torchAmplification, "two GiB of one element") {
      $0.shape = [1 << 29]
      $0.strides = [0]
    },
    torchPacked,
    RefusalCase(defect: .format(.leftOut), label: "a quantised tensor") { folder in
      let path = try folder.write(TorchBytes.tensor { $0.function = "_rebuild_qtensor" }.file, as: "x.pt")
      try open(path).requireWhole()
    },
    .sink(.sinkDType, .pytorch, "F6", [try Sample("a", .f6E2M3, [4], salt: 1)]),
    .sink(.sinkDType, .pytorch, "an odd number of F4", [try Sample("a", .f4, [2, 3], salt: 1)]),
    .sink(
      .sinkTie, .pytorch, "a tie to a tie",
      [
        try Sample("a", .u8, [1], salt: 1), try Sample("b", .u8, [1], salt: 1),
        try Sample("c", .u8, [1], salt: 1),
      ], ties: [TensorTie(name: "a", tiedTo: "b"), TensorTie(name: "b", tiedTo: "c")]),
  ]

  /// A packed storage of 65 MiB with a transposed tensor, in stored deflate blocks of 65,535 bytes.
  private static let torchPacked = RefusalCase(defect: .format(.torchPacked), label: "65 MiB, transposed") {
    folder in
    let size = 65 << 20
    var arguments = TensorArguments()
    (arguments.count, arguments.shape, arguments.strides) = (size / 4, [2, size / 8], [1, 2])
    var file = TorchBytes(stateDict { $0.tensor("w", arguments) })
    file.storages = [("0", [])]
    var zip = file.zip
    let place = try require(zip.members.firstIndex { $0.name == Array("m/data/0".utf8) })
    var packed: [UInt8] = []
    for start in stride(from: 0, to: size, by: 65_535) {
      let count = UInt16(min(65_535, size - start))
      packed += [start + 65_535 >= size ? 1 : 0] + bytes(count) + bytes(~count)
      packed += [UInt8](repeating: 0, count: Int(count))
    }
    zip.members[place].data = packed
    zip.members[place].method = 8
    zip.members[place].size = UInt32(size)
    // The CRC-32 is never read: the storage is refused before a byte of it is unpacked.
    zip.members[place].crc = 0
    _ = try readAll(try folder.write(zip.file, as: "x.pt"))
  }

  private static func require<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw CancellationError() }
    return value
  }
}
