import FlatFormats
import TensorStreams
import Tensors
import TestSupport
import Testing

/// The header of a smaller model, made from that of the whole one.
@Suite("GGUF of a sub-network")
struct GGUFExtractionTests {
  /// A llama of two layers: 4 query heads and 2 key heads of 2 channels each, 6 feed-forward channels.
  private static let shapes: [(kind: String, shape: [Int])] = [
    ("attn_norm", [8]), ("attn_q", [8, 8]), ("attn_k", [4, 8]), ("attn_v", [4, 8]), ("attn_output", [8, 8]),
    ("ffn_gate", [6, 8]), ("ffn_up", [6, 8]), ("ffn_down", [8, 6]),
  ]
  private static let metadata = [
    "general.architecture": "llama", "llama.block_count": "2", "llama.embedding_length": "8",
    "llama.feed_forward_length": "6", "llama.attention.head_count": "4",
    "llama.attention.head_count_kv": "2", "tokenizer.ggml.tokens": "[17 of STRING]",
  ]

  struct Case: Sendable {
    let label: String
    /// What tensors keep of their first dimension, or outputs (`ffn_down`, `attn_output`) of their second one; in both
    /// layers, or in one if the name has a number.
    var kept: [String: [Range<Int>]] = [:]
    /// The metadata that the whole model has instead.
    var before: [String: String] = [:]
    /// A key that it lacks.
    var without: String?
    /// The metadata that the smaller model has instead.
    var after: [String: String] = [:]
    /// The refusal.
    var refusal: String?
  }

  private static func heads(_ queries: [Range<Int>], _ keys: [Range<Int>]) -> [String: [Range<Int>]] {
    ["attn_q": queries, "attn_output": queries, "attn_k": keys, "attn_v": keys]
  }

  private static func channels(_ runs: [Range<Int>], _ layer: String = "") -> [String: [Range<Int>]] {
    .init(uniqueKeysWithValues: ["ffn_gate", "ffn_up", "ffn_down"].map { (layer + $0, runs) })
  }

  private static let lengths = [
    "llama.attention.key_length": "2", "llama.attention.value_length": "2", "llama.rope.dimension_count": "2",
  ]

  static let cases = [
    Case(label: "the whole model"),
    Case(
      label: "fewer channels in all layers", kept: channels([0..<1, 3..<6]),
      after: ["llama.feed_forward_length": "4"]),
    Case(
      label: "other channels in each layer",
      kept: channels([2..<6], "0.").merging(channels([0..<3], "1.")) { $1 },
      after: ["llama.feed_forward_length": "[4, 3]"]),
    Case(
      label: "an array becomes one number", kept: channels([0..<5]),
      before: ["llama.feed_forward_length": "[6, 6]"], after: ["llama.feed_forward_length": "5"]),
    Case(
      label: "a key head with its queries", kept: heads([4..<8], [2..<4]),
      after: ["llama.attention.head_count": "2", "llama.attention.head_count_kv": "1"].merging(lengths) { $1 }
    ),
    Case(
      label: "one query of each key head", kept: heads([0..<2, 6..<8], [0..<4]),
      after: ["llama.attention.head_count": "2"].merging(lengths) { $1 }),
    Case(
      label: "the length of a head in the metadata", kept: heads([4..<8], [2..<4]),
      before: ["llama.attention.key_length": "2", "llama.rope.dimension_count": "1"],
      after: [
        "llama.attention.head_count": "2", "llama.attention.head_count_kv": "1",
        "llama.attention.value_length": "2",
      ]),
    Case(
      label: "queries of another key head", kept: heads([0..<4], [2..<4]),
      refusal: "equally many query heads of each key and value head"),
    Case(
      label: "two queries of one key head, one of the other", kept: heads([0..<6], [0..<4]),
      refusal: "equally many query heads of each key and value head"),
    Case(
      label: "half a head", kept: heads([0..<3], [0..<2]), refusal: "expected whole heads of 2 channels"),
    Case(
      label: "other channels of one tensor", kept: channels([0..<3]).merging(["ffn_up": [3..<6]]) { $1 },
      refusal: "expected the channels of 'blk.0.ffn_gate.weight'"),
    Case(
      label: "a norm", kept: ["attn_norm": [0..<4]],
      refusal: "a GGUF file can have fewer feed-forward channels and heads only"),
    Case(
      label: "no number of heads", kept: heads([4..<8], [2..<4]),
      without: "llama.attention.head_count", refusal: "llama.attention.head_count"),
    Case(
      label: "numbers that do not fit the model", kept: channels([0..<3]),
      before: ["llama.feed_forward_length": "7"], refusal: "expected 7 of llama.feed_forward_length"),
    Case(
      label: "no number of layers", kept: channels([0..<3]), without: "llama.block_count",
      refusal: "llama.block_count"),
  ]

  @Test("the metadata follow from what the layers keep", arguments: cases)
  func numbers(_ one: Case) throws {
    let folder = try TemporaryFolder()
    let before = Self.metadata.merging(one.before) { $1 }
      .filter { $0.key != one.without }
    let whole = try Self.specs { _, _ in nil }
    let stored =
      try open(
        try folder.write(Self.file(before, whole), as: "whole.gguf")
      ).verbatim ?? []
    func runs(_ layer: Int, _ kind: String) -> [Range<Int>]? {
      one.kept["\(layer).\(kind)"] ?? one.kept[kind]
    }
    let specs = try Self.specs(runs)
    let kept = KeptTensors(specs: specs) { name, dimension in
      let parts = name.text.split(separator: ".").map(String.init)
      guard dimension == Self.dimension(parts[2]) else { return nil }
      return runs(Int(parts[1]) ?? 0, parts[2])
    }
    do {
      let header = try FlatFormats.header(of: kept, from: stored, .gguf, path: "small.gguf")
      #expect(one.refusal == nil)
      let samples = specs.map { Sample($0, pattern($0.byteCount, salt: 1)) }
      try write(samples, to: folder.file("small.gguf"), kind: .gguf, verbatim: header)
      let small = try open(folder.file("small.gguf"))
      #expect(small.tensors.map(\.spec) == specs)
      #expect(Dictionary(uniqueKeysWithValues: small.metadata) == before.merging(one.after) { $1 })
    } catch let error as FlatFormatError {
      #expect(one.refusal.map { error.description.contains($0) } == true, "\(error)")
    }
  }

  @Test("a missing tensor is refused")
  func missing() throws {
    let folder = try TemporaryFolder()
    let specs = try Self.specs { _, _ in nil }
    let stored = try open(try folder.write(Self.file(Self.metadata, specs), as: "w.gguf")).verbatim ?? []
    let kept = KeptTensors(specs: specs.dropLast()) { _, _ in nil }
    #expect(throws: FlatFormatError.self) {
      try FlatFormats.header(of: kept, from: stored, .gguf, path: "small.gguf")
    }
  }

  private static func dimension(_ kind: String) -> Int {
    ["ffn_down", "attn_output"].contains(kind) ? 1 : 0
  }

  private static func specs(_ runs: (Int, String) -> [Range<Int>]?) throws -> [TensorSpec] {
    try (0..<2).flatMap { layer in
      try shapes.map { kind, shape in
        var shape = shape
        if let runs = runs(layer, kind) { shape[dimension(kind)] = runs.reduce(0) { $0 + $1.count } }
        return try TensorSpec(name: TensorName("blk.\(layer).\(kind).weight"), dtype: .f32, shape: shape)
      }
    }
  }

  /// A file with this metadata: numbers, arrays of numbers, texts, and a list of tokens.
  private static func file(_ metadata: [String: String], _ specs: [TensorSpec]) -> [UInt8] {
    var file = GGUFBytes()
    file.pairs = metadata.sorted { $0.key < $1.key }.map { key, value in
      if key.hasPrefix("tokenizer") {
        return GGUFBytes.pair(
          key, 9, bytes(UInt32(8)) + bytes(UInt64(17)) + (0..<17).flatMap { GGUFBytes.text("<\($0)>") })
      }
      let numbers = value.split { "[], ".contains($0) }.compactMap { UInt32($0) }
      if numbers.isEmpty { return GGUFBytes.pair(key, 8, GGUFBytes.text(value)) }
      if numbers.count == 1 { return GGUFBytes.pair(key, 4, bytes(numbers[0])) }
      let array = bytes(UInt32(4)) + bytes(UInt64(numbers.count)) + numbers.flatMap { bytes($0) }
      return GGUFBytes.pair(key, 9, array)
    }
    var offset = 0
    for spec in specs {
      file.tensors.append(
        .init(
          name: Array(spec.name.text.utf8), dimensions: spec.shape.reversed().map(UInt64.init),
          offset: UInt64(offset)))
      offset += (spec.byteCount + 31) / 32 * 32
    }
    file.body = [UInt8](repeating: 0, count: offset)
    return file.file
  }
}
