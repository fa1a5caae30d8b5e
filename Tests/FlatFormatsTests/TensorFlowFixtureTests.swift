import FlatFormats
import Foundation
import TensorStreams
import Tensors
import TestSupport
import Testing

/// Checkpoints that TensorFlow wrote; TensorFlow's own reader gives the expected shapes and digests.
@Suite("Files by TensorFlow")
struct TensorFlowFixtureTests {
  static let folder = "\(SourceFolder.fixtures)/tensorflow"
  static let expected = FlaxFixtureTests.cases(in: folder)

  @Test("every checkpoint has the tensors that TensorFlow reads from it", arguments: expected.keys.sorted())
  func agrees(_ name: String) throws {
    let wanted = try #require(Self.expected[name])
    let source = try open("\(Self.folder)/\(name)")
    #expect(source.kind == .tensorflow)
    try TorchFixtureTests.compare(source, wanted.tensors)
    #expect(source.leftOut.map(\.name).sorted() == wanted.leftOut)
    #expect(source.remarks == [])
    #expect(source.files.count == (name == "sliced.index" ? 3 : 2))
  }

  @Test("no checkpoint is forgotten")
  func complete() throws {
    let files = try #require(FileManager.default.enumerator(atPath: Self.folder)).compactMap { $0 as? String }
    #expect(Set(files.filter { $0.hasSuffix(".index") }) == Set(Self.expected.keys))
    #expect(Self.expected.count == 7)
  }

  @Test("the folder of a SavedModel, and a folder with one checkpoint, are opened as it")
  func folders() throws {
    for (folder, index) in [("saved", "variables/variables.index"), ("objects", "ckpt-1.index")] {
      let source = try open("\(Self.folder)/\(folder)")
      #expect(source.path == "\(Self.folder)/\(folder)/\(index)" && source.kind == .tensorflow)
    }
    #expect(refusal { _ = try open(Self.folder) }?.defect == .format(.tensorflowFolder))
  }

  @Test("what is left out has a reason, and only what may be weights stops a conversion")
  func reasons() throws {
    let trained = try open("\(Self.folder)/objects/ckpt-1.index")
    #expect(
      trained.leftOut.map(\.sentence) == [
        "'_CHECKPOINTABLE_OBJECT_GRAPH': the graph of objects, which gives the names",
        "'save_counter/.ATTRIBUTES/VARIABLE_VALUE': the number of a step",
        "'optimizer/_iterations/.ATTRIBUTES/VARIABLE_VALUE': one of 14 tensors of an optimizer's state",
      ])
    #expect(trained.leftOut.allSatisfy { $0.fate == .apart })
    let dtypes = try open("\(Self.folder)/dtypes.index")
    #expect(
      dtypes.leftOut.map(\.sentence) == [
        "'quantised': a tensor of elements of type qint8", "'texts': a tensor of texts",
      ])
    #expect(dtypes.leftOut.allSatisfy { $0.fate == .lost })
  }

  @Test("the metadata say what the names are")
  func kinds() throws {
    for (name, kind) in [
      ("names", "variables"), ("saved/variables/variables", "variables"), ("alike", "objects"),
      ("twice", "variables"),
    ] {
      let source = try open("\(Self.folder)/\(name).index")
      #expect(source.metadata.map { [$0.key, $0.value] } == [["tensorflow.names", kind]])
    }
  }
}
