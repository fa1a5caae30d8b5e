import Foundation
import StrictJSON
import TestSupport
import Testing

/// `plan --order`: the channels of the first unit.
@Suite("Order of channels")
struct ChannelOrderTests {
  /// The tensors of a safetensors file of F32, as shape and elements.
  private func tensors(_ path: String) throws -> [String: (shape: [Int], values: [Float])] {
    let bytes = try TemporaryFolder.bytes(of: path)
    let length = bytes[..<8].enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    guard case .object(let header) = try JSONParser().parse(Array(bytes[8..<8 + length])) else { return [:] }
    var found: [String: (shape: [Int], values: [Float])] = [:]
    for member in header.members {
      guard case .object(let row) = member.value, case .array(let shape)? = row["shape"],
        case .array(let ends)? = row["data_offsets"], case .integer(let start) = ends[0],
        case .integer(let end) = ends[1]
      else { continue }
      let data = Array(bytes[8 + length + Int(start)..<8 + length + Int(end)])
      found[member.key] = (
        shape.compactMap { if case .integer(let extent) = $0 { Int(extent) } else { nil } },
        data.withUnsafeBytes { raw in
          (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
      )
    }
    return found
  }

  /// The weights of a layer that make each channel and those that read it: a tensor, the dimension of the channels, and
  /// the number of neighbouring positions for each.
  typealias Side = [(name: String, dimension: Int, inner: Int)]

  static let models: [(kind: String, channels: Int, made: Side, read: Side)] = [
    (
      "llama", 40,
      [("model.layers.#.mlp.gate_proj.weight", 0, 1), ("model.layers.#.mlp.up_proj.weight", 0, 1)],
      [("model.layers.#.mlp.down_proj.weight", 1, 1)]
    ),
    ("gpt2", 40, [("transformer.h.#.mlp.c_fc.weight", 1, 1)], [("transformer.h.#.mlp.c_proj.weight", 0, 1)]),
    (
      "gpt_oss", 40, [("model.layers.#.mlp.experts.gate_up_proj", 2, 2)],
      [("model.layers.#.mlp.experts.down_proj", 1, 1)]
    ),
    (
      "mixtral", 40,
      (0..<4).flatMap {
        [
          ("model.layers.#.block_sparse_moe.experts.\($0).w1.weight", 0, 1),
          ("model.layers.#.block_sparse_moe.experts.\($0).w3.weight", 0, 1),
        ]
      }, (0..<4).map { ("model.layers.#.block_sparse_moe.experts.\($0).w2.weight", 1, 1) }
    ),
  ]

  @Test("importance is the product of two norms, computed here element by element", arguments: models.indices)
  func importance(number: Int) throws {
    let (kind, channels, made, read) = Self.models[number]
    let home = "\(ModelFolderTests.home)/\(kind)"
    let tensors = try tensors("\(home)/model.safetensors")
    func squares(_ side: Side, _ layer: Int) throws -> [Double] {
      var sums = [Double](repeating: 0, count: channels)
      for (name, dimension, inner) in side {
        let tensor = try #require(tensors[name.replacing("#", with: "\(layer)")], "\(name)")
        let stride = tensor.shape[(dimension + 1)...].reduce(1, *)
        for (place, value) in tensor.values.enumerated() {
          sums[place / stride % tensor.shape[dimension] / inner] += Double(value) * Double(value)
        }
      }
      return sums
    }
    let folder = try TemporaryFolder()
    let run = try tessera(
      ["plan", home, "--units", "4", "--cut", "ffn", "--order", "importance"], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    guard case .object(let plan) = try JSONParser().parse(run.output), case .object(let axes)? = plan["axes"]
    else {
      Issue.record("no axes")
      return
    }
    #expect(axes.members.count == 2)
    for layer in 0..<2 {
      let scores = try zip(squares(made, layer), squares(read, layer)).map { ($0 * $1).squareRoot() }
      let best = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
      guard case .object(let axis)? = axes["ffn\(layer)"], case .array(let units)? = axis["units"] else {
        Issue.record("no axis of layer \(layer)")
        continue
      }
      let expected = (0..<4).map { unit in
        JSONValue.array(best[unit * channels / 4..<(unit + 1) * channels / 4].sorted().map { JSONValue($0) })
      }
      #expect(units == expected, "layer \(layer)")
    }
  }

  @Test("a file's order comes before importance, and a sub-network has the channels of the order")
  func file() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(Array(#"{"ffn1": [39, 0, 7]}"#.utf8), as: "first.json")
    let run = try tessera(
      [
        "plan", "\(ModelFolderTests.home)/llama", "--units", "4", "--cut", "ffn,heads", "--order",
        "importance",
        "--order", "first.json", "-o", "plan.json",
      ], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    guard
      case .object(let plan) = try JSONParser().parse(TemporaryFolder.bytes(of: folder.file("plan.json"))),
      case .object(let axes)? = plan["axes"], case .object(let second)? = axes["ffn1"],
      case .object(let first)? = axes["ffn0"], case .array(let units)? = second["units"]
    else {
      Issue.record("no axes")
      return
    }
    #expect(units[0] == .array(([0] + Array(1...7) + [8, 39]).map { JSONValue($0) }))
    #expect(first["units"] != second["units"])
  }

  @Test("weights that cannot be sorted are refused")
  func refusals() throws {
    let folder = try TemporaryFolder()
    let nan = [Float](repeating: .nan, count: 8), one = [Float](repeating: 1, count: 8)
    func file(_ dtype: String, _ values: [Float]) -> [UInt8] {
      let header =
        #"{"up.weight":{"dtype":"\#(dtype)","shape":[4,2],"data_offsets":[0,32]},"#
        + #""down.weight":{"dtype":"\#(dtype)","shape":[2,4],"data_offsets":[32,64]}}"#
      let length = UInt64(header.utf8.count)
      return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + Array(header.utf8)
        + (values + one).flatMap { value in withUnsafeBytes(of: value) { Array($0) } }
    }
    let cuts = ["--cut", "up.weight=f,-", "--cut", "down.weight=-,f", "--order", "importance"]
    for (name, bytes, words) in [
      ("nan", file("F32", nan), "expected finite weights, found others in tensor 'up.weight'\n"),
      (
        "whole", file("I32", one),
        "expected weights of F64, F32, F16 or BF16, found I32 in tensor 'up.weight'\n"
      ),
    ] {
      _ = try folder.write(bytes, as: "\(name).safetensors")
      let run = try tessera(["plan", "\(name).safetensors", "--units", "2"] + cuts, directory: folder.path)
      #expect(run.ending == .exited(2) && run.errorText.hasSuffix(words), "\(run.errorText)")
    }
    // Zero on one side: every channel is as good as the others, and none is sorted.
    _ = try folder.write(file("F32", [Float](repeating: 0, count: 8)), as: "zero.safetensors")
    let run = try tessera(["plan", "zero.safetensors", "--units", "2"] + cuts, directory: folder.path)
    #expect(
      run.ending == .exited(0) && run.errorText.contains("not sorted by importance"), "\(run.errorText)")
  }
}
