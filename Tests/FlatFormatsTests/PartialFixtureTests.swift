import FlatFormats
import Foundation
import TensorStreams
import Tensors
import TestSupport
import Testing

/// NumPy arrays in pickles, and files with parts that are left out; NumPy provides every expected byte.
@Suite("Files of which something is left out")
struct PartialFixtureTests {
  struct Item: Decodable, Equatable {
    let name: String
    let why: String
  }

  struct Case: Decodable {
    let tensors: [TorchFixtureTests.Row]
    let leftOut: [Item]
    /// Whether the part that is left out is not part of the model.
    let isApart: Bool?
    /// Whether the part that is left out stays in the graph.
    let isInGraph: Bool?

    enum CodingKeys: String, CodingKey {
      case tensors
      case leftOut = "left_out"
      case isApart = "apart"
      case isInGraph = "in_graph"
    }
  }

  static let folder = "\(SourceFolder.fixtures)/partial"

  static let expected: [String: Case] = {
    let data = FileManager.default.contents(atPath: folder + "/expected.json") ?? Data()
    return (try? JSONDecoder().decode([String: Case].self, from: data)) ?? [:]
  }()

  @Test("every array is read bit for bit, and everything else is named", arguments: expected.keys.sorted())
  func agrees(_ name: String) throws {
    let wanted = try #require(Self.expected[name])
    let source = try open("\(Self.folder)/\(name)")
    try TorchFixtureTests.compare(source, wanted.tensors)
    #expect(source.leftOut.map { Item(name: $0.name, why: $0.why) } == wanted.leftOut)
    let fate: LeftOut.Fate =
      wanted.isApart == true ? .apart : wanted.isInGraph == true ? .keptInGraph : .lost
    #expect(source.leftOut.allSatisfy { $0.fate == fate })
    #expect(
      (refusal { try source.requireWhole() }?.defect == .format(.leftOut))
        == (fate != .apart && !wanted.leftOut.isEmpty)
    )
    #expect(
      (refusal { try source.requireWhole(keepsGraph: true) } != nil)
        == (fate == .lost && !wanted.leftOut.isEmpty))
    #expect(refusal { try source.requireWhole { _ in true } } == nil)
  }

  @Test("no file is forgotten, and each protocol has every kind of array")
  func complete() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder).filter {
      !$0.hasSuffix(".json") && !$0.hasSuffix(".py")
    }
    #expect(Set(files) == Set(Self.expected.keys) && files.count == 27)
    for name in ["arrays-2.pt", "arrays-5.pt", "arrays-legacy.pt", "arrays-packed.pt"] {
      #expect(Self.expected[name]?.tensors.count == 42 && Self.expected[name]?.leftOut.count == 9, "\(name)")
    }
    #expect(Self.expected["arrays-0.pt"]?.tensors.count == 38)
  }

  @Test("a refusal names the first that is lost, why, and how to go on without it")
  func sentences() throws {
    let path = "\(Self.folder)/several.npz"
    #expect(
      refusal { try open(path).requireWhole() }?.description
        == "\(path): 'README.md': expected only parts that can be converted, found a file that is not an array; 3 "
        + "parts would be lost; --leave-out PATTERN allows those that match")
    #expect(
      refusal { try open(path).requireWhole { $0.name != "odd" } }?.description
        == "\(path): 'odd': expected only parts that can be converted, found an array of '<U1', text; "
        + "--leave-out 'odd' leaves it out")
  }

  @Test(
    "a graph that was stored before the numbers of its nodes were listed is sound; one without a weight is not"
  )
  func olderIndex() throws {
    let source = try open("\(Self.folder)/constants.onnx")
    let files = try #require(try source.hollowFiles())
    let specs = source.tensors.map(\.spec)
    let digests = try specs.indices.map { number in
      var bytes = [UInt8](repeating: 0, count: specs[number].byteCount)
      try source.reader(of: number).read(into: &bytes)
      return SHA256Digest.of(bytes)
    }
    #expect(
      try HollowFile.problems(of: StoredModel(files, path: "m"), filledBy: specs, digests: digests).isEmpty)
    // A tensor without a hole is written from the graph, so the graph must have its elements.
    let filled = Set(files.flatMap(\.holes).map(\.tensor))
    let held = try #require(specs.indices.first { !filled.contains($0) })
    var others = digests
    others[held] = SHA256Digest.of([0])
    #expect(
      try HollowFile.problems(of: StoredModel(files, path: "m"), filledBy: specs, digests: others).count == 1)
    func problems(without isGone: (String) -> Bool) throws -> Int {
      let kept = specs.indices.filter { !isGone(specs[$0].name.text) }
      let changed = files.map { file in
        HollowFile(
          name: file.name, bytes: file.bytes,
          holes: file.holes.compactMap { hole in
            kept.firstIndex(of: hole.tensor).map {
              TensorHole(position: hole.position, count: hole.count, tensor: $0)
            }
          })
      }
      return try HollowFile.problems(
        of: StoredModel(changed, path: "m"), filledBy: kept.map { specs[$0] },
        digests: kept.map { digests[$0] }
      ).count
    }
    #expect(try problems { $0.hasPrefix("value_") || $0.hasSuffix("/c") } == 0)
    #expect(try problems { $0 == "w" } > 0)
  }

  @Test("an archive of files that are no arrays is refused; one of arrays that cannot be read is not")
  func strangers() throws {
    let folder = try TemporaryFolder()
    let text = npy("{'descr': '<U1', 'fortran_order': False, 'shape': (3,), }", data: 12)
    let readme = ZipBytes.Member("README", [65])
    let alone = try folder.write(ZipBytes([readme]).file, as: "a.npz")
    #expect(refusal { _ = try open(alone) }?.defect == .format(.npzMember))
    let both = try folder.write(ZipBytes([readme, .init("t.npy", text)]).file, as: "b.npz")
    let source = try open(both)
    #expect(source.tensors.isEmpty && source.leftOut.map(\.name) == ["README", "t"])
    // A damaged array is refused, not left out.
    let damaged = try folder.write(
      ZipBytes([readme, .init("t.npy", Array(text.dropFirst()))]).file, as: "c.npz")
    #expect(refusal { _ = try open(damaged) }?.defect == .format(.npyMagic))
  }
}
