import Foundation
import TestSupport
import Testing

/// Replays the findings of fuzzing, and tries seeded mutations, on every run. Serial, because a scratch file is shared.
@Suite("Fuzzed parsers", .serialized)
struct FuzzTests {
  /// The number of files in Tests/FailCases/<parser>; a new finding adds one.
  static let failCases: [FuzzedParser: Int] = [.checkpoint: 1, .pytorch: 1]

  @Test("every finding stays fixed", arguments: FuzzedParser.allCases)
  func replay(parser: FuzzedParser) throws {
    let folder = "\(SourceFolder.root)/Tests/FailCases/\(parser.rawValue)"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    #expect(names.count == Self.failCases[parser, default: 0])
    for name in names.sorted() {
      parser.exercise(try TemporaryFolder.bytes(of: "\(folder)/\(name)"))
    }
  }

  @Test("the folder of findings has no other parser's")
  func folders() throws {
    let root = "\(SourceFolder.root)/Tests/FailCases"
    let names = try FileManager.default.contentsOfDirectory(atPath: root)
    #expect(Set(names) == Set(Self.failCases.keys.map(\.rawValue)))
  }

  /// The files that fuzzing of each parser begins with.
  static let seeds: [(FuzzedParser, String)] = [
    (.safetensors, "flat/meta.safetensors"), (.shards, "shards/indexes/good.json"),
    (.shards, "shards/indexes/compact.json"), (.npy, "flat/npy/fortran-big-i4.npy"),
    (.zip, "flat/deflated.npz"), (.zip, "flat/stored.npz"), (.pytorch, "pytorch/ties.pt"),
    (.pytorch, "pytorch/protocol2-legacy.pt"), (.pytorch, "pytorch/optimizer.pt"),
    (.onnx, "onnx/seeds/branches.onnx"), (.onnx, "onnx/seeds/network.onnx"),
    (.onnx, "onnx/seeds/shapes.onnx"), (.plan, "plans/good/readme-example.json"),
    (.plan, "plans/good/two-units-everywhere.json"), (.plan, "plans/minilm.json"),
    (.toml, "project/full.toml"),
    (.hdf5, "hdf5/refused_earliest.h5"), (.checkpoint, "checkpoints/grid.h5"),
    (.checkpoint, "checkpoints/mixed.h5"), (.checkpoint, "checkpoints/owners.h5"),
    (.pytorch, "partial/beside.pt"), (.pytorch, "partial/arrays-0.pt"), (.zip, "partial/several.npz"),
    (.onnx, "partial/constants.onnx"), (.onnx, "partial/sparse.onnx"), (.keras, "keras/small.keras"),
    (.keras, "keras/code.h5"), (.keras, "keras/text.weights.h5"), (.keras, "keras/many.weights.json"),
    (.keras, "partial/datasets.h5"), (.keras, "partial/datasets-latest.h5"),
    (.gguf, "flat/metadata.gguf"), (.gguf, "flat/big.gguf"), (.gguf, "flat/nested.gguf"),
    (.gguf, "gguf/llama.gguf"),
    (.dcp, "dcp/ranks/.metadata"), (.dcp, "dcp/ranks/__0_0.distcp"),
    (.dcp, "dcp/safetensors/shard-00002-model-00001-of-00001.safetensors"),
    (.flax, "flax/trained.msgpack"), (.flax, "flax/values.msgpack"), (.flax, "flax/chunked.msgpack"),
    (.tensorflow, "tensorflow/sliced.index"), (.tensorflow, "tensorflow/objects/ckpt-1.index"),
  ]

  @Test("every parser has a seed")
  func seeded() { #expect(Set(Self.seeds.map(\.0)) == Set(FuzzedParser.allCases)) }

  @Test("seeded mutations end in values or in a sentence", arguments: seeds.indices)
  func mutations(number: Int) throws {
    let (parser, name) = Self.seeds[number]
    let original = try TemporaryFolder.bytes(of: "\(SourceFolder.fixtures)/\(name)")
    var random = SeededGenerator(seed: UInt64(number) + 41)
    parser.exercise(original)
    // A checkpoint's mutants are read whole and hashed: about 150 a second. Those of a distributed one are several files.
    let count = [.checkpoint, .dcp].contains(parser) ? 100 : 500
    for _ in 0..<count { parser.exercise(Self.mutated(original, &random)) }
  }

  /// One to four changes: bits, bytes, runs, words from elsewhere in the file, and digits that make numbers large.
  static func mutated(_ original: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var bytes = original
    for _ in 0..<random.number(in: 1...4) where !bytes.isEmpty {
      let place = random.number(in: 0...bytes.count - 1)
      switch random.number(in: 0...7) {
      case 0: bytes[place] ^= 1 << UInt8(random.number(in: 0...7))
      case 1: bytes[place] = UInt8(truncatingIfNeeded: random.next())
      case 2: bytes.removeSubrange(place..<min(bytes.count, place + random.number(in: 1...12)))
      case 3: bytes.insert(contentsOf: random.bytes(random.number(in: 1...9)), at: place)
      case 4:
        let from = random.number(in: 0...original.count - 1)
        let count = random.number(in: 1...min(64, original.count - from))
        bytes.insert(contentsOf: original[from..<from + count], at: place)
      case 5:
        let digits = bytes.indices.filter { (0x30...0x39).contains(bytes[$0]) }
        if let digit = digits.randomElement(using: &random) {
          bytes.insert(contentsOf: Array("9999999999".utf8), at: digit)
        }
      case 6:
        for index in place..<min(bytes.count, place + 8) { bytes[index] = 0xFF }
      default: if random.number(in: 0...5) == 0 { bytes.removeSubrange(place...) }
      }
    }
    return bytes
  }
}
