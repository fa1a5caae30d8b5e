import ByteFiles
import FlatFormats
import Foundation
import TensorStreams
import Tensors
import TestSupport
import Testing

/// Files that Flax wrote; Flax gives the expected names, shapes and digests.
@Suite("Files by Flax")
struct FlaxFixtureTests {
  struct Case: Decodable {
    let tensors: [TorchFixtureTests.Row]
    let leftOut: [String]

    enum CodingKeys: String, CodingKey {
      case tensors
      case leftOut = "left_out"
    }
  }

  static let folder = "\(SourceFolder.fixtures)/flax"
  static let expected = cases(in: folder)

  static func cases(in folder: String) -> [String: Case] {
    let data = FileManager.default.contents(atPath: folder + "/expected.json") ?? Data()
    return (try? JSONDecoder().decode([String: Case].self, from: data)) ?? [:]
  }

  @Test(
    "every file has the arrays that Flax restores, in the order of the file",
    arguments: expected.keys.sorted())
  func agrees(_ name: String) throws {
    let wanted = try #require(Self.expected[name])
    let source = try open("\(Self.folder)/\(name)")
    #expect(source.kind == .flax)
    try TorchFixtureTests.compare(source, wanted.tensors)
    #expect(source.tensors.map(\.spec.name.text) == wanted.tensors.map(\.name))
    #expect(source.leftOut.map(\.name).sorted() == wanted.leftOut)
  }

  @Test("no file is forgotten")
  func complete() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
    #expect(Set(files.filter { $0.hasSuffix(".msgpack") }) == Set(Self.expected.keys))
    #expect(Self.expected.count == 5)
  }

  @Test("what is no array is left out, and only what may be weights stops a conversion")
  func fates() throws {
    let source = try open("\(Self.folder)/values.msgpack")
    let lost = source.leftOut.filter { $0.fate == .lost }.map(\.sentence)
    #expect(lost == ["'dates': an array of 'datetime64[D]'", "'four': an array of 'int4'"])
    let trained = try open("\(Self.folder)/trained.msgpack")
    #expect(
      trained.leftOut.map(\.sentence) == [
        "'opt_state': 13 tensors of an optimizer's state", "'step': a number, which is no array",
      ])
  }

  @Test("opening a large file reads its heads, not its elements")
  func heads() throws {
    let folder = try TemporaryFolder()
    let bytes = [UInt8](repeating: 7, count: 4 << 20)
    let value = MsgpackValue.object([
      ("a", .array([bytes.count], "uint8", bytes)),
      (
        "b",
        .object([
          ("__msgpack_chunked_array__", .boolean(true)),
          (
            "chunks",
            .object([
              ("1", .array([5], "uint8", [1, 2, 3, 4, 5])), ("0", .array([bytes.count], "uint8", bytes)),
            ])
          ),
          ("shape", .object([("0", .integer(bytes.count + 5))])),
        ])
      ), ("c", .array([2], "int16", [1, 0, 2, 0])),
    ])
    let file = try ReadableFile(path: try folder.write(value.bytes, as: "weights"))
    let source = try FlatFormats.open(file)
    #expect(source.kind == .flax && source.tensors.map(\.spec.name) == ["a", "b", "c"])
    #expect(file.byteCountRead < 64 << 10)
    #expect(try contents(source, 1, piece: 1_000_003) == bytes + [1, 2, 3, 4, 5])
    #expect(try contents(source, 2) == [1, 0, 2, 0])
  }

  @Test("ways with other keys have other names")
  func names() throws {
    let folder = try TemporaryFolder()
    let one = MsgpackValue.array([1], "uint8", [1])
    let value = MsgpackValue.object(
      [
        ("a", .object([("b", one), ("b%2Fc", one), ("", one)])), ("a/b", one), ("a%2Fb", one),
        ("a", one),
      ].dropLast() + [("e\u{301}", one), ("é", one)])
    let source = try open(try folder.write(value.bytes, as: "w.msgpack"))
    #expect(
      source.tensors.map(\.spec.name) == [
        "a/b", "a/b%252Fc", "a/", "a%2Fb", "a%252Fb", "e\u{301}", "é",
      ])
  }

  @Test("400 mutations of each file end in tensors or in a sentence", arguments: expected.keys.sorted())
  func mutations(_ name: String) throws {
    let original = try TemporaryFolder.bytes(of: "\(Self.folder)/\(name)")
    var generator = SeededGenerator(seed: UInt64(name.utf8.count))
    let folder = try TemporaryFolder()
    var refused = 0
    for _ in 0..<400 {
      let path = try folder.write(MutationTests.mutated(original, &generator), as: "w.msgpack")
      do { _ = try readAll(path) } catch is FlatFormatError { refused += 1 }
    }
    #expect(refused > 40 && refused < 400)
  }
}
