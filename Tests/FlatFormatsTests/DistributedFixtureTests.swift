import FlatFormats
import Foundation
import TensorStreams
import Tensors
import TestSupport
import Testing

/// Distributed checkpoints that PyTorch wrote; its own consolidation gives the expected digests.
@Suite("Distributed checkpoints by PyTorch")
struct DistributedFixtureTests {
  static let folder = "\(SourceFolder.fixtures)/dcp"

  /// PyTorch's description of one tensor: `[dtype, shape, SHA-256]`.
  struct Row: Decodable {
    let dtype: String
    let shape: [Int]
    let sha256: String

    init(from decoder: any Decoder) throws {
      var list = try decoder.unkeyedContainer()
      dtype = try list.decode(String.self)
      shape = try list.decode([Int].self)
      sha256 = try list.decode(String.self)
    }
  }

  /// The tensors of each layout.
  static let expected: [String: [String: Row]] = {
    let data = FileManager.default.contents(atPath: folder + "/expected.json") ?? Data()
    return (try? JSONDecoder().decode([String: [String: Row]].self, from: data)) ?? [:]
  }()

  private static let dtypes: [String: DType] = [
    "float16": .f16, "bfloat16": .bf16, "float32": .f32, "float64": .f64, "int32": .i32, "int64": .i64,
    "uint8": .u8,
  ]

  /// What is left out, by layout.
  private static let leftOut: [String: [String]] = [
    "ranks": [
      "'optimizer': the state of an optimizer, 1 tensor (48 B) and 1 other value",
      "'steps': a value that is not a tensor (1.3 kB)",
    ],
    "uneven": ["'state': the state of an optimizer, 3 tensors (168 B) and 1 other value"],
    "grid": [], "safetensors": [],
    "named": ["'optimizer': the state of an optimizer, 9 tensors (348 B) and 24 other values"],
    "flat": ["'optimizer': the state of an optimizer, 9 tensors (348 B) and 33 other values"],
    "numbered": ["'optimizer': the state of an optimizer, 9 tensors (348 B) and 24 other values"],
  ]

  @Test("every layout has the tensors of PyTorch's consolidation", arguments: leftOut.keys.sorted())
  func agrees(_ layout: String) throws {
    let wanted = try #require(Self.expected[layout])
    for piece in [1 << 20, 7, 1] {
      let source = try open("\(Self.folder)/\(layout)")
      // Only the safetensors of ranks do not say how many there are.
      #expect(source.kind == .dcp)
      #expect(source.remarks.map(\.kind) == (layout == "safetensors" ? [.ranksUnknown] : []))
      #expect(source.leftOut.map(\.sentence) == Self.leftOut[layout])
      #expect(source.leftOut.allSatisfy { $0.fate == .apart })
      #expect(Set(source.tensors.map(\.spec.name.text)) == Set(wanted.keys))
      for (number, tensor) in source.tensors.enumerated() {
        let row = try #require(wanted[tensor.spec.name.text])
        #expect(Self.dtypes[row.dtype] == tensor.spec.dtype && row.shape == tensor.spec.shape)
        let hasher = SHA256Hasher()
        try contents(source, number, piece: piece).withUnsafeBytes { hasher.update($0) }
        #expect("\(hasher.finish())" == row.sha256, "\(layout) \(tensor.spec.name)")
      }
    }
  }

  @Test("no layout is forgotten, and every piece is sound")
  func complete() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder).filter { !$0.contains(".") }
    #expect(Set(names) == Set(Self.expected.keys) && Set(names) == Set(Self.leftOut.keys))
    for name in names {
      let found = FlatFormats.examine(folder: "\(Self.folder)/\(name)")
      #expect(found?.errors == [] && found?.source != nil)
    }
  }

  @Test("the metadata opens the checkpoint by its own path, and files of pieces do not")
  func paths() throws {
    let source = try open("\(Self.folder)/ranks/.metadata")
    #expect(source.tensors.count == 6 && source.files.count == 3)
    for name in ["ranks/__1_0.distcp", "safetensors/shard-00001-model-00001-of-00001.safetensors"] {
      #expect(refusal { _ = try open("\(Self.folder)/\(name)") }?.defect == .format(.dcpPart))
    }
  }

  @Test("a rank is not taken for whole tensors under another name, nor beside one file of the other")
  func renamed() throws {
    let folder = try TemporaryFolder()
    let ranks = ["1", "2"].map {
      "\(Self.folder)/safetensors/shard-0000\($0)-model-00001-of-00001.safetensors"
    }
    for (number, path) in ranks.enumerated() {
      let name = "model-0000\(number + 1)-of-00002.safetensors"
      _ = try folder.write(try TemporaryFolder.bytes(of: path), as: "set/\(name)")
    }
    // They look like shards of one set.
    let source = try open(folder.file("set"))
    #expect(
      source.kind == .dcp
        && source.tensors.map(\.spec.name.text).sorted() == ["columns", "first", "rows", "whole"])
    let lone = try folder.write(try TemporaryFolder.bytes(of: ranks[0]), as: "lone/model.safetensors")
    #expect(refusal { _ = try open(lone) }?.defect == .format(.dcpPart))
    let second = try folder.write(try TemporaryFolder.bytes(of: ranks[1]), as: "second/model.safetensors")
    #expect(refusal { _ = try open(second) }?.defect == .format(.dcpPart))
    // The second rank alone has a hole where the first one's rows are.
    #expect(refusal { _ = try open(folder.file("second")) }?.defect == .format(.dcpMissing))
  }
}
