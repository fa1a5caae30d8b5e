import FlatFormats
import Foundation
import TensorStreams
import Tensors
import TestSupport
import Testing

@Suite("Files by PyTorch")
struct TorchFixtureTests {
  /// PyTorch's description of one tensor.
  struct Row: Decodable {
    let name: String
    let dtype: String
    let shape: [Int]
    let sha256: String
    let tiedTo: String?

    enum CodingKeys: String, CodingKey {
      case name, dtype, shape, sha256
      case tiedTo = "tied_to"
    }
  }

  struct Case: Decodable {
    let tensors: [Row]
    let notes: [String]
    /// The names of parts that are left out, in order.
    let leftOut: [String]

    enum CodingKeys: String, CodingKey {
      case tensors, notes
      case leftOut = "left_out"
    }

    /// Whether no part of the model is lost when the tensors are written again.
    var isWhole: Bool { leftOut.allSatisfy { $0.hasPrefix("optimizer_") } }
  }

  static let folder = URL(fileURLWithPath: fixtures).deletingLastPathComponent()
    .appendingPathComponent("pytorch").path

  static let expected: [String: Case] = {
    let data = FileManager.default.contents(atPath: folder + "/expected.json") ?? Data()
    return (try? JSONDecoder().decode([String: Case].self, from: data)) ?? [:]
  }()

  @Test(
    "every file has the tensors that PyTorch reads from it, byte for byte", arguments: expected.keys.sorted())
  func agrees(_ name: String) throws {
    let wanted = try #require(Self.expected[name])
    let source = try open("\(Self.folder)/\(name)")
    #expect(source.kind == .pytorch)
    try Self.compare(source, wanted.tensors)
    #expect(source.remarks.map(\.kind.rawValue).sorted() == wanted.notes)
    #expect(source.leftOut.map(\.name).sorted() == wanted.leftOut)
    #expect((refusal { try source.requireWhole() } == nil) == wanted.isWhole)
  }

  @Test("no fixture is forgotten")
  func complete() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder).filter {
      $0.hasSuffix(".pt") || $0.hasSuffix(".ckpt")
    }
    #expect(Self.expected.count == 33)
    #expect(Set(files.filter { !$0.hasPrefix("refused-") }) == Set(Self.expected.keys))
  }

  @Test(
    "forms that PyTorch's own loaders refuse are refused with a reason",
    arguments: [("refused-tar.pt", FlatFormatRule.torchTar), ("refused-protocol0.pt", .torchStorage)])
  func refused(_ name: String, _ rule: FlatFormatRule) {
    #expect(refusal { _ = try readAll("\(Self.folder)/\(name)") }?.defect == .format(rule))
  }

  @Test(
    "what is written of a file has the same tensors and ties, and the same bytes every time",
    arguments: expected.filter { $0.value.isWhole }.keys.sorted())
  func writtenAgain(_ name: String) throws {
    let folder = try TemporaryFolder()
    let source = try open("\(Self.folder)/\(name)")
    let samples = try source.tensors.indices.map { Sample(source.tensors[$0].spec, try contents(source, $0)) }
    let ties = source.tensors.compactMap(TensorTie.init)
    for file in ["a.pt", "b.pt"] {
      try write(samples, to: folder.file(file), kind: .pytorch, ties: ties, piece: file == "a.pt" ? 7 : 5000)
    }
    try Self.compare(try open(folder.file("a.pt")), try #require(Self.expected[name]).tensors)
    let bytes = try TemporaryFolder.bytes(of: folder.file("a.pt"))
    #expect(bytes == (try TemporaryFolder.bytes(of: folder.file("b.pt"))))
  }

  @Test("the data of every storage that is written begins at a multiple of 64 bytes")
  func aligned() throws {
    let folder = try TemporaryFolder()
    let samples = try (0..<12).map { try Sample(.init("t\($0)"), .u8, [$0 * 9], salt: $0 + 100) }
    try write(samples, to: folder.file("w.pt"), kind: .pytorch)
    let file = try TemporaryFolder.bytes(of: folder.file("w.pt"))
    for sample in samples where sample.bytes.count > 20 {
      let place = try #require(file.indices.first { file[$0...].starts(with: sample.bytes) })
      #expect(place % 64 == 0)
    }
  }

  static func compare(_ source: any FlatWeightsSource, _ rows: [Row]) throws {
    #expect(source.tensors.count == rows.count)
    let places = Dictionary(uniqueKeysWithValues: source.tensors.enumerated().map { ($1.spec.name, $0) })
    for row in rows {
      let place = try #require(places[TensorName(row.name)], "\(row.name)")
      let tensor = source.tensors[place]
      #expect(tensor.spec.dtype.rawValue == row.dtype, "\(row.name)")
      #expect(tensor.spec.shape == row.shape, "\(row.name)")
      #expect(tensor.tiedTo?.text == row.tiedTo, "\(row.name)")
      let hasher = SHA256Hasher()
      hasher.update(try contents(source, place, piece: row.name.utf8.count * 3 + 1))
      #expect(hasher.finish().description == row.sha256, "\(row.name)")
    }
  }
}
