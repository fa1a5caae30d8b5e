import FlatFormats
import Tensors

/// The malformed cases of llama.cpp's `test-gguf.cpp`, and others.
extension RefusalCase {
  private static func gguf(
    _ rule: FlatFormatRule, _ label: String, _ file: GGUFBytes
  ) -> RefusalCase {
    .file(rule, "w.gguf", label, file.file)
  }

  private static func changed(
    _ rule: FlatFormatRule, _ label: String, _ change: (inout GGUFBytes) -> Void
  ) -> RefusalCase {
    gguf(rule, label, .tensor(change))
  }

  private typealias Tensor = GGUFBytes.Tensor

  /// Arrays in arrays, each with one element.
  private static func nested(_ depth: Int) -> [UInt8] {
    (0..<depth).flatMap { _ in bytes(UInt32(9)) + bytes(UInt64(1)) } + bytes(UInt32(0)) + bytes(UInt64(0))
  }

  static let ggufCases: [RefusalCase] = [
    .file(.ggufMagic, "w.gguf", "three bytes", Array("GGU".utf8) + [0xFF]),
    changed(.ggufMagic, "the magic of another byte order") { $0.magic = Array("FUGG".utf8) },
    .file(.ggufTruncated, "w.gguf", "two bytes", Array("GG".utf8)),
    .file(.ggufTruncated, "w.gguf", "only the magic", Array("GGUF".utf8)),
    changed(.ggufVersion, "version 0") { $0.version = 0 },
    changed(.ggufVersion, "version 1") { $0.version = 1 },
    changed(.ggufVersion, "version 4") { $0.version = 4 },
    changed(.ggufVersion, "version 0xFFFFFFFF") { $0.version = .max },
    changed(.ggufVersion, "version 1 of the other byte order") { $0.version = 1 << 24 },
    changed(.ggufTruncated, "more tensors than bytes") { $0.tensorCount = 1 << 60 },
    changed(.ggufTruncated, "more tensors than 64 bits of bytes") { $0.tensorCount = .max },
    changed(.ggufTruncated, "more metadata than bytes") { $0.pairCount = 1 << 60 },
    changed(.ggufTruncated, "more metadata than 64 bits of bytes") { $0.pairCount = .max },
    changed(.ggufTruncated, "one tensor more than there are") { $0.tensorCount = 2 },
    changed(.ggufTruncated, "a key longer than the file") {
      $0.pairCount = 1
      $0.rest = bytes(UInt64(1) << 62) + [UInt8](repeating: 97, count: 99)
    },
    changed(.ggufTruncated, "a key of 2^64 − 1 bytes") {
      $0.pairCount = 1
      $0.rest = bytes(UInt64.max) + [UInt8](repeating: 97, count: 99)
    },
    gguf(.ggufKey, "an empty key", .pair(GGUFBytes.pair("", 0, [1]))),
    gguf(
      .ggufKey, "a key of 65,536 bytes", .pair(GGUFBytes.pair(String(repeating: "k", count: 1 << 16), 0, [1]))
    ),
    gguf(
      .ggufKey, "a key that is no UTF-8", .pair(bytes(UInt64(2)) + [0xC0, 0xAF] + bytes(UInt32(0)) + [1])),
    gguf(.ggufValueType, "a type of 13", .pair(GGUFBytes.pair("a", 13, [1]))),
    gguf(.ggufValueType, "a type of 2^32 − 1", .pair(GGUFBytes.pair("a", .max, [1]))),
    gguf(
      .ggufValueType, "an array of type 13",
      .pair(GGUFBytes.pair("a", 9, bytes(UInt32(13)) + bytes(UInt64(1)) + [1]))),
    changed(.ggufTruncated, "an array of more bytes than the file has") {
      $0.pairs = [GGUFBytes.pair("a", 9, bytes(UInt32(0)) + bytes(UInt64(1) << 40))]
    },
    changed(.ggufTruncated, "an array whose bytes overflow") {
      $0.pairs = [GGUFBytes.pair("a", 9, bytes(UInt32(10)) + bytes(UInt64(1) << 61))]
    },
    changed(.ggufTruncated, "2^64 − 1 texts, in the last bytes of the file") {
      $0.pairs = [GGUFBytes.pair("a", 9, bytes(UInt32(8)) + bytes(UInt64.max))]
      $0.rest = []
    },
    changed(.ggufTruncated, "2^40 arrays without elements") {
      $0.pairs = [GGUFBytes.pair("a", 9, bytes(UInt32(9)) + bytes(UInt64(1) << 40))]
      $0.rest = []
    },
    changed(.ggufTruncated, "the 43 bytes on which gguf 0.19.0 does not end") {
      $0.tensorCount = 0
      $0.pairCount = 1
      $0.rest =
        bytes(UInt64(1)) + Array("a".utf8) + bytes(UInt32(9)) + bytes(UInt32(0)) + bytes(UInt16(0xFFFF))
    },
    changed(.ggufTruncated, "a text longer than the file") {
      $0.pairs = [GGUFBytes.pair("a", 8, bytes(UInt64(1) << 50))]
    },
    changed(.ggufTruncated, "a number that the file cuts off") {
      $0.pairs = [GGUFBytes.pair("a", 10, [1, 2, 3])]
      $0.rest = []
    },
    changed(.ggufLimit, "65,537 metadata") {
      $0.pairCount = 65_537
      $0.rest = [UInt8](repeating: 0, count: 14 * 65_537)
    },
    gguf(.ggufLimit, "ten arrays in each other", .pair(GGUFBytes.pair("a", 9, nested(10)))),
    changed(.ggufDuplicateKey, "a key twice") {
      $0.pairs = [GGUFBytes.pair("a", 0, [1]), GGUFBytes.pair("b", 0, [1]), GGUFBytes.pair("a", 7, [1])]
    },
    changed(.ggufDuplicateKey, "the alignment twice") {
      $0.pairs = .init(repeating: GGUFBytes.pair("general.alignment", 4, bytes(UInt32(32))), count: 2)
    },
    gguf(.ggufAlignment, "0", .pair(GGUFBytes.pair("general.alignment", 4, bytes(UInt32(0))))),
    gguf(.ggufAlignment, "13", .pair(GGUFBytes.pair("general.alignment", 4, bytes(UInt32(13))))),
    gguf(.ggufAlignment, "48", .pair(GGUFBytes.pair("general.alignment", 4, bytes(UInt32(48))))),
    gguf(
      .ggufAlignment, "of the type UINT64", .pair(GGUFBytes.pair("general.alignment", 10, bytes(UInt64(32))))),
    gguf(
      .ggufAlignment, "of the type STRING",
      .pair(GGUFBytes.pair("general.alignment", 8, GGUFBytes.text("32")))),
    gguf(
      .ggufLimit, "an alignment of 2^31",
      .pair(GGUFBytes.pair("general.alignment", 4, bytes(UInt32(1) << 31)))),
    changed(.ggufTruncated, "a name longer than the file") {
      $0.rest = bytes(UInt64(1) << 33) + [UInt8](repeating: 97, count: 99)
    },
    changed(.ggufName, "a name that is no UTF-8") { $0.tensors[0].name = [0xFF] },
    changed(.ggufDuplicateTensor, "two of one name") {
      $0.tensors.append(Tensor(offset: 32))
      $0.body += $0.body
    },
    changed(.ggufShape, "five dimensions") { $0.tensors[0].dimensions = [2, 1, 1, 1, 1] },
    changed(.ggufShape, "2^32 − 1 dimensions") { $0.tensors[0].rank = .max },
    changed(.ggufShape, "a dimension of −1") { $0.tensors[0].dimensions = [.max] },
    changed(.ggufShape, "too many elements") { $0.tensors[0].dimensions = [1 << 40, 1 << 40] },
    changed(.ggufShape, "too many bytes") { $0.tensors[0].dimensions = [1 << 60] },
    changed(.ggufShape, "rows that end inside a block") {
      $0.tensors[0] = Tensor(dimensions: [16, 2], type: 8)
    },
    changed(.ggufShape, "blocks without a dimension") { $0.tensors[0] = Tensor(dimensions: [], type: 8) },
    changed(.ggufShape, "tensors that overflow together") {
      $0.tensors = (0..<9).map {
        Tensor(name: [97 + UInt8($0)], dimensions: [1 << 57], type: 24, offset: UInt64($0) << 57)
      }
    },
    changed(.ggufSplit, "piece 2 of 3") {
      $0.pairs = [
        GGUFBytes.pair("split.no", 2, bytes(UInt16(1))), GGUFBytes.pair("split.count", 2, bytes(UInt16(3))),
      ]
    },
    changed(.ggufSplit, "a piece without a number") {
      $0.pairs = [GGUFBytes.pair("split.count", 2, bytes(UInt16.max))]
    },
    gguf(
      .ggufSplit, "a first piece, which has no tensors",
      GGUFBytes(pairs: [GGUFBytes.pair("split.count", 2, bytes(UInt16(2)))])),
    changed(.ggufType, "42") { $0.tensors[0].type = 42 },
    changed(.ggufType, "4, which was removed") { $0.tensors[0].type = 4 },
    changed(.ggufType, "2^32 − 1") { $0.tensors[0].type = .max },
    changed(.ggufOffset, "1") { $0.tensors[0].offset = 1 },
    changed(.ggufOffset, "32, with a hole before it") {
      $0.tensors[0].offset = 32
      $0.body = [UInt8](repeating: 0, count: 32) + $0.body
    },
    changed(.ggufOffset, "2^64 − 32") { $0.tensors[0].offset = .max - 31 },
    changed(.ggufOffset, "that of the tensor before") {
      $0.tensors.append(Tensor(name: Array("u".utf8), offset: 0))
    },
    changed(.ggufOffset, "no multiple of an alignment of 64") {
      $0.pairs = [GGUFBytes.pair("general.alignment", 4, bytes(UInt32(64)))]
      $0.alignment = 64
      $0.tensors.append(Tensor(name: Array("u".utf8), offset: 32))
      $0.body += $0.body
    },
    changed(.ggufPadding, "after the last tensor") { $0.body[31] = 1 },
    changed(.ggufPadding, "between two tensors") {
      $0.tensors.append(Tensor(name: Array("u".utf8), offset: 32))
      $0.body[8] = 7
      $0.body += pattern(8, salt: 3)
    },
    .file(.ggufPadding, "w.gguf", "after the header", GGUFBytes.tensor().file.with(1, at: 63)),
    .file(
      .ggufPadding, "w.gguf", "after the header, without tensors",
      GGUFBytes().file + [UInt8](repeating: 0, count: 7) + [1]),
    changed(.ggufBodySize, "no bytes") { $0.body = [] },
    changed(.ggufBodySize, "one byte too few") { $0.body = pattern(7, salt: 1) },
    changed(.ggufBodySize, "one byte too many") { $0.body += [0] },
    changed(.ggufBodySize, "a body without tensors") {
      $0.tensors = []
      $0.body += [0]
    },
    changed(.ggufByteOrder, "big-endian blocks of Q5_K") {
      $0 = GGUFBytes()
      $0.version = UInt32(3).byteSwapped
      $0.rest =
        []
        + bytes(UInt64(1).byteSwapped) + Array("t".utf8) + bytes(UInt32(1).byteSwapped)
        + bytes(UInt64(256).byteSwapped) + bytes(UInt32(13).byteSwapped) + bytes(UInt64(0))
        + [UInt8](repeating: 0, count: 200)
      $0.tensorCount = UInt64(1).byteSwapped
    },
    .sink(.sinkDType, .gguf, "U8, which GGUF lacks", [try Sample("a", .u8, [2], salt: 1)]),
    .sink(.sinkDType, .gguf, "a packed type", [try Sample("a", .f4, [2], salt: 1)]),
    .sink(.ggufWrite, .gguf, "five dimensions", [try Sample("a", .f32, [1, 1, 1, 1, 1], salt: 1)]),
    .sink(
      .ggufWrite, .gguf, "a name of 64 bytes",
      [try Sample(TensorName(String(repeating: "n", count: 64)), .f32, [1], salt: 1)]),
    .sink(.ggufVerbatim, .gguf, "another name", [try Sample("b", .f32, [2], salt: 1)], verbatim: header),
    .sink(.ggufVerbatim, .gguf, "another shape", [try Sample("t", .f32, [1, 2], salt: 1)], verbatim: header),
    .sink(.ggufVerbatim, .gguf, "another dtype", [try Sample("t", .i32, [2], salt: 1)], verbatim: header),
    .sink(
      .ggufVerbatim, .gguf, "one tensor too many",
      [try Sample("t", .f32, [2], salt: 1), try Sample("u", .f32, [2], salt: 1)], verbatim: header),
    .sink(
      .ggufVerbatim, .gguf, "a rest that is too long", [try Sample("t", .f32, [2], salt: 1)],
      verbatim: header + [UInt8](repeating: 0, count: 64)),
    .sink(
      .ggufVerbatim, .gguf, "a rest that is not zero", [try Sample("t", .f32, [2], salt: 1)],
      verbatim: header.with(1, at: header.count - 1)),
    .sink(
      .ggufVerbatim, .gguf, "padding that is not zero", [try Sample("t", .f32, [2], salt: 1)],
      verbatim: header.with(1, at: 63)),
    .sink(.sinkDType, .safetensors, "blocks", [try Sample("a", .q40, [32], salt: 1)]),
    .sink(.sinkDType, .pytorch, "blocks", [try Sample("a", .q40, [32], salt: 1)]),
  ]

  /// The header of the file with one tensor, and the padding after it.
  private static let header = GGUFBytes.tensor { $0.body = [UInt8](repeating: 0, count: 24) }.file
}

extension [UInt8] {
  /// The bytes with another one at a place.
  fileprivate func with(_ byte: UInt8, at place: Int) -> [UInt8] {
    var changed = self
    changed[place] = byte
    return changed
  }
}
