import FlatFormats
import Tensors

extension RefusalCase {
  private static func flax(_ rule: FlatFormatRule, _ label: String, _ value: MsgpackValue) -> RefusalCase {
    file(rule, "w.msgpack", label, value.bytes)
  }

  /// A map with one sound array and a value.
  private static func beside(_ rule: FlatFormatRule, _ label: String, _ value: MsgpackValue) -> RefusalCase {
    flax(rule, label, .object([("a", .array([2], "int8", [1, 2])), ("b", value)]))
  }

  private static func chunked(
    _ label: String, _ shape: [(String, MsgpackValue)] = [("0", .integer(3))],
    _ chunks: [(String, MsgpackValue)] = [
      ("0", .array([2], "int8", [1, 2])), ("1", .array([1], "int8", [3])),
    ], mark: MsgpackValue = .boolean(true), more: [(String, MsgpackValue)] = []
  ) -> RefusalCase {
    beside(
      .flaxChunks, label,
      .object(
        [("__msgpack_chunked_array__", mark), ("shape", .object(shape)), ("chunks", .object(chunks))] + more))
  }

  static let flaxCases: [RefusalCase] = [
    file(.flaxStructure, "w.msgpack", "nothing", []),
    file(.flaxStructure, "w.msgpack", "a text", Array("Entry not found".utf8)),
    flax(.flaxStructure, "a list", .list([.integer(1)])),
    flax(.flaxStructure, "only an array", .array([1], "int8", [1])),
    flax(.flaxStructure, "bytes after the map", .raw(MsgpackValue.object([]).bytes + [0])),
    flax(.flaxStructure, "a map without its end", .raw(MsgpackValue.object([("a", .null)]).bytes.dropLast())),
    flax(.flaxStructure, "4 billion members", .raw([0xDF, 0xFF, 0xFF, 0xFF, 0xFF, 0xA1, 0x61, 0xC0])),
    beside(.flaxStructure, "4 GB of text", .raw([0xDB, 0xFF, 0xFF, 0xFF, 0xFF])),
    beside(.flaxStructure, "4 GB of elements", .raw([0xC9, 0xFF, 0xFF, 0xFF, 0xFF, 1])),
    beside(.flaxStructure, "a byte that is no type", .raw([0xC1])),
    beside(.flaxStructure, "a list without its end", .raw([0xDC, 0, 9, 0xC0])),
    beside(
      .flaxStructure, "an array with elements beyond its end",
      .extended(1, [0x93, 0x91, 2, 0xA4] + Array("int8".utf8) + [0xC4, 9, 1, 2])),
    flax(.flaxKey, "a number", .map([(.integer(1), .null)])),
    flax(.flaxKey, "no UTF-8", .map([(.raw([0xA1, 0xFF]), .null)])),
    flax(.flaxKey, "a key twice", .object([("a", .null), ("b", .null), ("a", .null)])),
    flax(.flaxKey, "a long one", .object([(String(repeating: "k", count: 65_536), .null)])),
    beside(.flaxArray, "a number instead of the list", .extended(1, [7])),
    beside(.flaxArray, "two members", .extended(1, MsgpackValue.list([.list([]), .text("int8")]).bytes)),
    beside(.flaxArray, "a negative extent", .array([-1], "int8", [])),
    beside(.flaxArray, "no name", .extended(1, MsgpackValue.list([.list([]), .null, .binary([1])]).bytes)),
    beside(
      .flaxArray, "elements as a text",
      .extended(1, MsgpackValue.list([.list([]), .text("int8"), .text("a")]).bytes)),
    beside(
      .flaxArray, "bytes after the elements",
      .extended(1, MsgpackValue.list([.list([]), .text("int8"), .binary([1])]).bytes + [0])),
    beside(.flaxArray, "too few bytes", .array([3], "float32", [UInt8](repeating: 0, count: 11))),
    beside(.flaxArray, "too many bytes", .array([], "float32", [UInt8](repeating: 0, count: 8), type: 3)),
    beside(.flaxArray, "more elements than can be counted", .array([1 << 62, 1 << 62], "int8", [])),
    beside(.flaxArray, "65 axes", .array([Int](repeating: 1, count: 65), "int8", [1])),
    beside(
      .flaxArray, "chunks with too few elements",
      .object([
        ("__msgpack_chunked_array__", .boolean(true)), ("shape", .object([("0", .integer(4))])),
        ("chunks", .object([("0", .array([3], "int8", [1, 2, 3]))])),
      ])),
    chunked("not true", mark: .null), chunked("a further key", more: [("rest", .null)]),
    chunked("no chunk", [("0", .integer(0))], []), chunked("a gap", [("1", .integer(3))]),
    chunked(
      "a chunk twice", [("0", .integer(4))],
      [("0", .array([2], "int8", [1, 2])), ("0", .array([2], "int8", [1, 2]))]),
    chunked("a chunk of two axes", [("0", .integer(2))], [("0", .array([1, 2], "int8", [1, 2]))]),
    chunked(
      "two dtypes", [("0", .integer(3))],
      [("0", .array([2], "int8", [1, 2])), ("1", .array([1], "uint8", [3]))]),
    chunked("no array", [("0", .integer(2))], [("0", .null)]),
    flax(
      .flaxChunks, "an outermost array",
      .object([
        ("__msgpack_chunked_array__", .boolean(true)), ("shape", .object([])), ("chunks", .object([])),
      ])),
    flax(.flaxLimit, "600 levels", (0..<600).reduce(.null) { inner, _ in .object([("k", inner)]) }),
    flax(
      .flaxLimit, "names of 72 MB from 66 kB",
      .object([
        (String(repeating: "k", count: 65_000), .list([MsgpackValue](repeating: .null, count: 1_100)))
      ])),
    flax(
      .flaxLimit, "empty maps below a name of 66 kB",
      (0..<3).reduce(.list([MsgpackValue](repeating: .object([]), count: 120))) { inner, _ in
        .object([(String(repeating: "k", count: 22_000), inner)])
      }),
    .sink(.flaxWrite, .flax, "one tensor", [try Sample("a", .f32, [2], salt: 1)]),
  ]
}
