import FlatFormats
import TensorStreams
import Tensors
import TestSupport
import Testing

@Suite("Ties")
struct TieTests {
  @Test(
    "ties come back from safetensors and npz, with the tensors in full",
    arguments: [FlatFormatKind.safetensors, .npz])
  func roundTrip(_ kind: FlatFormatKind) throws {
    let folder = try TemporaryFolder()
    let samples = [
      try Sample("head\"w", .f32, [3, 2], salt: 1), try Sample("emb", .f32, [3, 2], salt: 1),
      try Sample("z", .f32, [2, 3], salt: 2), try Sample("third", .f32, [3, 2], salt: 1),
    ]
    let ties = [TensorTie(name: "third", tiedTo: "emb"), TensorTie(name: "head\"w", tiedTo: "emb")]
    try write(samples, to: folder.file("w"), kind: kind, ties: ties, metadata: [("format", "pt")])
    let source = try open(folder.file("w"))
    var found: [TensorName: TensorName] = [:]
    for tensor in source.tensors { found[tensor.spec.name] = tensor.tiedTo }
    #expect(found == ["third": "emb", "head\"w": "emb"])
    #expect(source.tensors.count == 4)
    if kind == .safetensors {
      #expect(source.metadata.map(\.key) == ["format", "tessera.ties"])
      #expect(source.metadata.last?.value == #"{"head\"w":"emb","third":"emb"}"#)
      // Loaders of the Hugging Face libraries refuse a file without `format`.
      for (given, format) in [([], "pt"), ([("format", "tf")], "tf"), ([("a", "b")], "pt")] {
        try write(samples, to: folder.file("w"), kind: kind, ties: ties, metadata: given)
        #expect(try open(folder.file("w")).metadata.first { $0.key == "format" }?.value == format)
      }
      try write(samples, to: folder.file("w"), kind: kind, ties: [], metadata: [])
      #expect(try open(folder.file("w")).metadata.map { "\($0.key) \($0.value)" } == ["format pt"])
    }
  }

  @Test(
    "a remark that the tensors do not bear ties nothing",
    arguments: [
      (#"{"a":"b"}"#, ["a": "b"] as [TensorName: TensorName]),
      (#"{"a":"c"}"#, [:]), (#"{"a":"d"}"#, [:]), (#"{"a":"none"}"#, [:]), (#"{"a":"a"}"#, [:]),
      (#"{"a":"b","b":"a"}"#, [:]), (#"{"e":"a","a":"b"}"#, ["a": "b"]), (#"{"a":"b","a":"e"}"#, [:]),
      ("nonsense", [:]), ("", [:]), (#"{"a":["b"]}"#, [:]),
    ])
  func unborne(_ value: String, _ expected: [TensorName: TensorName]) throws {
    let folder = try TemporaryFolder()
    let samples = [
      try Sample("a", .f32, [2], salt: 1), try Sample("b", .f32, [2], salt: 1),
      try Sample("c", .f32, [1, 2], salt: 1),
      try Sample("d", .i32, [2], salt: 1), try Sample("e", .f32, [2], salt: 1),
    ]
    // Writing replaces `tessera.ties` in the metadata, so the value is written under another key and renamed in the
    // file.
    try write(samples, to: folder.file("w"), kind: .safetensors, metadata: [("tessera.tie_", value)])
    var bytes = try TemporaryFolder.bytes(of: folder.file("w"))
    let key = Array("tessera.tie_".utf8)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: key) })
    bytes[place + key.count - 1] = UInt8(ascii: "s")
    let source = try open(try folder.write(bytes, as: "w"))
    var found: [TensorName: TensorName] = [:]
    for tensor in source.tensors { found[tensor.spec.name] = tensor.tiedTo }
    #expect(found == expected)
  }
}
