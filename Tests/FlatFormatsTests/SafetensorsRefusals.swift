import FlatFormats
import Tensors

private let one = #"{"dtype":"U8","shape":[2],"data_offsets":[0,2]}"#

extension RefusalCase {
  /// Malformed safetensors, as literal bytes.
  static let safetensorsCases: [RefusalCase] = [
    .file(.safetensorsLength, "w.safetensors", "7 bytes", [1, 0, 0, 0, 0, 0, 0]),
    .file(.safetensorsHeaderLimit, "w.safetensors", "limit + 1", bytes(UInt64(100_000_001)) + [0x7B]),
    .file(.safetensorsHeaderLimit, "w.safetensors", "2^64 - 1", bytes(UInt64.max) + [0x7B]),
    .file(
      .safetensorsHeaderBounds, "w.safetensors", "longer than the file", bytes(UInt64(3)) + [0x7B, 0x7D]),
    .file(.safetensorsHeaderStart, "w.safetensors", "no header", bytes(UInt64(0))),
    .tensors(.safetensorsHeaderStart, " {}"),
    .tensors(.safetensorsHeaderStart, "\u{FEFF}{}"),
    .tensors(.safetensorsHeaderStart, "[]"),
    .tensors(.safetensorsPadding, "{}", padding: "\0\0"),
    .tensors(.safetensorsPadding, "{}", padding: "\n"),
    .tensors(.safetensorsPadding, "{}{}"),
    .tensors(.safetensorsSyntax, "{"),
    .tensors(.safetensorsSyntax, "{,}"),
    .tensors(.safetensorsSyntax, #"{"a":\#(one),}"#, body: 2),
    .tensors(.safetensorsSyntax, #"{"a" \#(one)}"#, body: 2),
    .tensors(.safetensorsSyntax, #"{"a":null}"#),
    .tensors(.safetensorsSyntax, #"{"a":\#(one) "b":\#(one)}"#, body: 2),
    .tensors(.safetensorsSyntax, #"{"a":{}}"#),
    .tensors(.safetensorsSyntax, #"{"a":{"dtype":7}}"#),
    .tensors(.safetensorsSyntax, #"{"a":{"dtype":"U8","shape":2,"data_offsets":[0,2]}}"#, body: 2),
    .tensors(.safetensorsSyntax, #"{"a":{"dtype":"U8","shape":[2"data_offsets":[0,2]}}"#, body: 2),
    .tensors(.safetensorsSyntax, #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2,2]}}"#, body: 2),
    .tensors(.safetensorsSyntax, #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0]}}"#, body: 2),
    .tensors(.safetensorsSyntax, #"{"unfinished"#),
    .tensors(.safetensorsSyntax, #"{"unfinished\"#),
    .tensors(.safetensorsSyntax, #"{"unfinished\n"#),
    .tensors(.safetensorsSyntax, #"{"__metadata__":null}"#),
    .tensors(.safetensorsSyntax, #"{"__metadata__":{"a":1}}"#),
    .tensors(.safetensorsSyntax, #"{"__metadata__":{"a":{"b":"c"}}}"#),
    .tensors(.safetensorsText, "{\"a\u{1}\":\(one)}", body: 2),
    .tensors(.safetensorsText, "{\"\\ta\u{1}\":\(one)}", body: 2),
    .tensors(.safetensorsText, #"{"\x41":\#(one)}"#, body: 2),
    .tensors(.safetensorsText, #"{"\u00g1":\#(one)}"#, body: 2),
    .tensors(.safetensorsText, #"{"\ud800":\#(one)}"#, body: 2),
    .tensors(.safetensorsText, #"{"\udc00":\#(one)}"#, body: 2),
    .tensors(.safetensorsText, #"{"\ud800\u0041":\#(one)}"#, body: 2),
    .file(
      .safetensorsText, "w.safetensors", "overlong UTF-8",
      bytes(UInt64(9)) + Array("{\"".utf8) + [0xC0, 0xAF] + Array("\":{}}".utf8)),
    .file(
      .safetensorsText, "w.safetensors", "a surrogate in UTF-8, after an escape",
      bytes(UInt64(12)) + Array("{\"\\n".utf8) + [0xED, 0xA0, 0x80] + Array("\":{}}".utf8)),
    .tensors(.safetensorsInteger, #"{"a":{"dtype":"U8","shape":[2.0],"data_offsets":[0,2]}}"#, body: 2),
    .tensors(.safetensorsInteger, #"{"a":{"dtype":"U8","shape":[2e0],"data_offsets":[0,2]}}"#, body: 2),
    .tensors(.safetensorsInteger, #"{"a":{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}}"#, body: 2),
    .tensors(.safetensorsInteger, #"{"a":{"dtype":"U8","shape":[02],"data_offsets":[0,2]}}"#, body: 2),
    .tensors(.safetensorsInteger, #"{"a":{"dtype":"U8","shape":["2"],"data_offsets":[0,2]}}"#, body: 2),
    .tensors(.safetensorsInteger, #"{"a":{"dtype":"U8","shape":[2,],"data_offsets":[0,2]}}"#, body: 2),
    .tensors(
      .safetensorsInteger, #"{"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,2]}}"#,
      body: 2),
    .tensors(.safetensorsDuplicateTensor, #"{"a":\#(one),"a":\#(one)}"#, body: 2),
    .tensors(.safetensorsDuplicateTensor, #"{"a":\#(one),"\u0061":\#(one)}"#, body: 2),
    .tensors(
      .safetensorsDuplicateField, #"{"a":{"dtype":"U8","dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#,
      body: 2),
    .tensors(.safetensorsDuplicateMetadata, #"{"__metadata__":{"k":"v","k":"v"}}"#),
    .tensors(.safetensorsDuplicateMetadata, #"{"__metadata__":{},"__metadata__":{}}"#),
    .tensors(
      .safetensorsUnknownField, #"{"a":{"dtype":"U8","strides":[1],"shape":[2],"data_offsets":[0,2]}}"#,
      body: 2),
    .tensors(.safetensorsMissingField, #"{"a":{"dtype":"U8","shape":[2]}}"#, body: 2),
    .tensors(.safetensorsDType, #"{"a":{"dtype":"f32","shape":[],"data_offsets":[0,4]}}"#, body: 4),
    .tensors(.safetensorsDType, #"{"a":{"dtype":"C128","shape":[],"data_offsets":[0,16]}}"#, body: 16),
    .tensors(
      .safetensorsShape, #"{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,2]}}"#,
      body: 2),
    .tensors(
      .safetensorsShape, #"{"a":{"dtype":"F64","shape":[1152921504606846976],"data_offsets":[0,2]}}"#, body: 2
    ),
    .tensors(.safetensorsShape, #"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}"#, body: 2),
    .tensors(
      .safetensorsShape,
      #"{"a":{"dtype":"U8","shape":[\#([String](repeating: "1", count: 257).joined(separator: ","))]}}"#),
    .tensors(.safetensorsSize, #"{"a":{"dtype":"U16","shape":[2],"data_offsets":[0,2]}}"#, body: 2),
    .tensors(.safetensorsSize, #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,0]}}"#, body: 2),
    .tensors(.safetensorsHole, #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, body: 3),
    .tensors(.safetensorsHole, #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[3,3]}}"#, body: 3),
    .tensors(
      .safetensorsOverlap, #"{"a":\#(one),"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, body: 3),
    .tensors(.safetensorsOverlap, #"{"a":\#(one),"b":\#(one)}"#, body: 2),
    .tensors(.safetensorsBodySize, #"{"a":\#(one)}"#, body: 3),
    .tensors(.safetensorsBodySize, #"{"a":\#(one)}"#, body: 1),
    .sink(
      .safetensorsVerbatim, .safetensors, "another name", [try Sample("b", .u8, [2], salt: 1)],
      verbatim: safetensors(#"{"a":\#(one)}"#)),
    .sink(
      .safetensorsVerbatim, .safetensors, "another shape", [try Sample("a", .u8, [1, 2], salt: 1)],
      verbatim: safetensors(#"{"a":\#(one)}"#)),
    .sink(
      .safetensorsVerbatim, .safetensors, "another dtype", [try Sample("a", .i8, [2], salt: 1)],
      verbatim: safetensors(#"{"a":\#(one)}"#)),
    .sink(
      .safetensorsVerbatim, .safetensors, "one tensor too few",
      [try Sample("a", .u8, [2], salt: 1), try Sample("b", .u8, [0], salt: 1)],
      verbatim: safetensors(#"{"a":\#(one)}"#)),
    .sink(
      .safetensorsVerbatim, .safetensors, "a different length", [try Sample("a", .u8, [2], salt: 1)],
      verbatim: safetensors(#"{"a":\#(one)}"#) + [0x20]),
    .sink(
      .safetensorsBodySize, .safetensors, "tensors that fill more than the stored header says",
      [try Sample("a", .u8, [4], salt: 1)], verbatim: safetensors(#"{"a":\#(one)}"#)),
    .sink(
      .safetensorsReservedName, .safetensors, "a tensor called __metadata__",
      [try Sample("__metadata__", .u8, [2], salt: 1)]),
    .sink(
      .safetensorsShape, .safetensors, "257 dimensions",
      [try Sample("a", .u8, [Int](repeating: 1, count: 257), salt: 1)]),
    .sink(
      .safetensorsDuplicateMetadata, .safetensors, "metadata", [try Sample("a", .u8, [2], salt: 1)],
      metadata: [("k", "1"), ("k", "2")]),
    .sink(
      .safetensorsHeaderLimit, .safetensors, "100 MB of metadata", [try Sample("a", .u8, [2], salt: 1)],
      metadata: [("k", String(repeating: "x", count: 100_000_000))]),
  ]
}
