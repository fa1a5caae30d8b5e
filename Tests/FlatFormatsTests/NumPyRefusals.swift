import FlatFormats
import TensorStreams
import Tensors

private let good = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"
private let wide = (0..<900).map {
  "layer\($0).with.a.long.name.that.repeats.another.one.with.the.same.length.or.so"
}

extension RefusalCase {
  /// Malformed npy and npz files, and arrays that NumPy cannot hold.
  static let numpyCases: [RefusalCase] = [
    .file(.npyMagic, "x.npy", "another magic", Array("PICKLE\u{1}\u{0}\u{0}\u{0}".utf8)),
    .file(.npyVersion, "x.npy", "version 4", npy(good, data: 12, version: [4, 0])),
    .file(.npyVersion, "x.npy", "version 1.1", npy(good, data: 12, version: [1, 1])),
    .file(.npyHeaderBounds, "x.npy", "only the magic", [0x93] + Array("NUMPY".utf8)),
    .file(
      .npyHeaderBounds, "x.npy", "cut in the length", Array(npy(good, data: 0, version: [2, 0]).prefix(11))),
    .file(.npyHeaderBounds, "x.npy", "cut in the dictionary", Array(npy(good, data: 0).prefix(40))),
    .file(
      .npyHeaderLimit, "x.npy", "4 GiB of header",
      [0x93] + Array("NUMPY".utf8) + [2, 0] + bytes(UInt32.max) + Array(good.utf8)),
    .array(.npyHeaderLimit, good + String(repeating: " ", count: 10_000)),
    .array(.npySyntax, ""),
    .array(.npySyntax, "[1]"),
    .array(.npySyntax, "{'descr' '<f4', 'fortran_order': False, 'shape': (3,), }"),
    .array(.npySyntax, "{'descr': <f4, 'fortran_order': False, 'shape': (3,), }"),
    .array(.npySyntax, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), } + 1"),
    .array(.npySyntax, "{'descr': '<f4' 'fortran_order': False, 'shape': (3,), }"),
    .array(.npySyntax, "{'descr': '<f4"),
    .array(.npySyntax, "{'descr': '\\x3cf4', 'fortran_order': False, 'shape': (3,), }"),
    .array(.npySyntax, "{'descr': None, 'fortran_order': False, 'shape': (3,), }"),
    .array(.npyDuplicateKey, "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"),
    .array(.npyUnknownKey, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'order': 1}"),
    .array(.npyMissingKey, "{}"),
    .array(.npyMissingKey, "{'descr': '<f4', 'shape': (3,), }"),
    .array(.npyShape, "{'descr': '<f4', 'fortran_order': False, 'shape': (3), }"),
    .array(.npyShape, "{'descr': '<f4', 'fortran_order': False, 'shape': [3], }"),
    .array(.npyShape, "{'descr': '<f4', 'fortran_order': False, 'shape': 3, }"),
    .array(.npyShape, "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,), }"),
    .array(.npyShape, "{'descr': '<f4', 'fortran_order': False, 'shape': (3.0,), }"),
    .array(.npyShape, "{'descr': '<f4', 'fortran_order': False, 'shape': (True,), }"),
    .array(.npyShape, "{'descr': '<f4', 'fortran_order': False, 'shape': (03,), }"),
    .array(.npyShape, "{'descr': '<f4', 'fortran_order': False, 'shape': (3 3), }"),
    .array(.npyShape, "{'descr': '<f4', 'fortran_order': False, 'shape': (,), }"),
    .array(.npyShape, "{'descr': '<f4', 'fortran_order': False, 'shape': (0x,), }"),
    .array(.npyShape, "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,), }"),
    .array(.npyShape, "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }"),
    .array(.npyShape, "{'descr': '<f8', 'fortran_order': False, 'shape': (1152921504606846976,), }"),
    .array(.npyOrder, "{'descr': '<f4', 'fortran_order': 0, 'shape': (3,), }"),
    .array(.npyDType, "{'descr': '', 'fortran_order': False, 'shape': (3,), }"),
    .array(.npyDType, "{'descr': '<f', 'fortran_order': False, 'shape': (3,), }"),
    .array(.npyDType, "{'descr': '<i3', 'fortran_order': False, 'shape': (3,), }"),
    .array(.npyDType, "{'descr': '<f99999999999999999999', 'fortran_order': False, 'shape': (3,), }"),
    .array(.npyDType, "{'descr': 'float32', 'fortran_order': False, 'shape': (3,), }"),
    .array(.npyDType, "{'descr': '<U2', 'fortran_order': False, 'shape': (3,), }"),
    .array(.npyDType, "{'descr': '<M8[s]', 'fortran_order': False, 'shape': (3,), }"),
    .array(.npyObject, "{'descr': '|O', 'fortran_order': False, 'shape': (3,), }"),
    .array(.npyObject, "{'descr': 'O8', 'fortran_order': False, 'shape': (3,), }"),
    .array(.npyStructured, "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (3,), }"),
    .array(.npyStructured, "{'descr': ('<f4', (2,)), 'fortran_order': False, 'shape': (3,), }"),
    .array(.npyLongDouble, "{'descr': '<f16', 'fortran_order': False, 'shape': (3,), }"),
    .array(.npyLongDouble, "{'descr': '<c32', 'fortran_order': False, 'shape': (3,), }"),
    .array(.npyOpaque, "{'descr': '|V2', 'fortran_order': False, 'shape': (6,), }"),
    .array(.npyOpaque, "{'descr': '<V1', 'fortran_order': False, 'shape': (12,), }"),
    .array(.npyAssumedWidth, "{'descr': '|V2', 'fortran_order': False, 'shape': (6,), }", assume: .f8E4M3),
    .array(.npyAssumedWidth, "{'descr': '|V1', 'fortran_order': False, 'shape': (12,), }", assume: .f4),
    .array(.npyDataSize, good, data: 11),
    .array(.npyDataSize, good, data: 13),
    .sink(.npyOpaqueWrite, .npy, "BF16", [try Sample("a", .bf16, [3], salt: 1)]),
    .sink(.npyOpaqueWrite, .npz, "F8_E4M3", [try Sample("a", .f8E4M3, [3], salt: 1)]),
    .sink(.npyOpaqueWrite, .npz, "F4", [try Sample("a", .f4, [4], salt: 1)]),
    .sink(
      .npyHeaderWrite, .npy, "65 dimensions", [try Sample("a", .u8, [Int](repeating: 1, count: 65), salt: 1)]),
    .file(.npzMember, "x.npz", "a text file", ZipBytes([.init("readme.txt", [65])]).file),
    .sink(.npzName, .npz, "no name", [try Sample("", .u8, [1], salt: 1)]),
    .sink(.npzName, .npz, "..", [try Sample("a/../b", .u8, [1], salt: 1)]),
    .sink(.npzName, .npz, "absolute", [try Sample("/x", .u8, [1], salt: 1)]),
    .sink(.npzName, .npz, "NUL", [try Sample("a\0b", .u8, [1], salt: 1)]),
    .sink(.npzName, .npz, "backslash", [try Sample("a\\b", .u8, [1], salt: 1)]),
    .sink(.npzName, .npz, "drive", [try Sample("c:x", .u8, [1], salt: 1)]),
    .sink(
      .npzName, .npz, "65,532 bytes",
      [try Sample(TensorName(String(repeating: "x", count: 65532)), .u8, [1], salt: 1)]),
    .sink(
      .npzTies, .npz, "60 kB of ties",
      try (wide + ["target"]).map { try Sample(TensorName($0), .u8, [1], salt: 1) },
      ties: wide.map { TensorTie(name: TensorName($0), tiedTo: "target") }),
  ]
}
