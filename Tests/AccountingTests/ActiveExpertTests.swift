import Tensors
import Testing
import UnitModel

@testable import Accounting

/// Mixtures of experts, counted as active for a token.
@Suite("Active experts")
struct ActiveExpertTests {
  typealias File = [(name: String, dtype: DType, shape: [Int])]

  /// Names of a layer's experts in several families; `#` is the expert's number, without it they are stacked.
  private static let names = [
    "model.layers.@.mlp.experts.#.up_proj.weight", "model.layers.@.block_sparse_moe.experts.#.w1.weight",
    "h.@.mlp.experts.expert_#.wi.weight", "h.@.mlp.experts.local_experts.#.fc.weight",
    "model.layers.@.mlp.experts.gate_up_proj", "model.layers.@.feed_forward.experts.down_proj",
    "model.layers.@.block_sparse_moe.input_linear.weight",
  ]

  private func file(_ name: String, experts: Int, layers: Int, width: Int, isPacked: Bool = false) -> File {
    var file: File = [("model.embed_tokens.weight", .f32, [10, 8]), ("lm_head.weight", .f32, [10, 8])]
    for layer in 0..<layers {
      let name = name.replacing("@", with: "\(layer)")
      file.append(("model.layers.\(layer).mlp.gate.weight", .f32, [experts, 8]))
      file.append(("model.layers.\(layer).mlp.shared_expert.up_proj.weight", .f32, [5, 8]))
      file.append(("model.layers.\(layer).mlp.shared_experts.up_proj.weight", .f32, [3, 8]))
      file.append(("model.layers.\(layer).rotary.inv_freq", .f32, [4]))
      if !name.contains("#") { file.append((name, .f32, [experts, width, 8])) }
      for expert in 0..<experts where name.contains("#") {
        file.append((name.replacing("#", with: "\(expert)"), .f32, [width, 8]))
      }
    }
    return file
  }

  private func counts(
    _ file: File, _ preset: PolicyPreset, topK: Int?, declared: Set<Int> = []
  ) throws -> ParameterRow {
    var inventory = Inventory(
      flat: try file.map { try TensorSpec(name: TensorName($0.name), dtype: $0.dtype, shape: $0.shape) })
    inventory.expertsPerToken = topK
    inventory.declaredExperts = declared
    return try inventory.counts(under: PolicyPreset.policy(named: preset.rawValue)).stored
  }

  @Test("count everything that is no routed expert, and k of each layer's", arguments: names)
  func active(name: String) throws {
    var cases = 0
    for experts in [2, 7, 12] {
      for topK in [1, 2] {
        for layers in [1, 3] {
          let file = file(name, experts: experts, layers: layers, width: 16)
          let rest = 80 + layers * 8 * (experts + 5 + 3)
          let routed = layers * topK * 16 * 8
          for (preset, embeddings) in [(PolicyPreset.activeHF, 80), (.activeNoEmbeddings, 0)] {
            let row = try counts(file, preset, topK: topK)
            #expect(row.parameters.value == rest + routed + embeddings, "\(experts), \(topK), \(layers)")
            let all = file.reduce(0) { $0 + $1.shape.reduce(1, *) }
            #expect(row.parameters.value + row.excluded.value == all)
            #expect(row.bytes.value == 4 * row.parameters.value)
            cases += 1
          }
        }
      }
    }
    #expect(cases == 24)
  }

  @Test("stacked biases and packed blocks are as active as their matrices")
  func stacked() throws {
    let file: File = [
      ("mlp.experts.up_blocks", .u8, [4, 64, 2, 16]), ("mlp.experts.up_scales", .u8, [4, 64, 2]),
      ("mlp.experts.up_bias", .bf16, [4, 64]),
    ]
    #expect(try counts(file, .activeHF, topK: 3).parameters.value == (64 * 64 + 64) * 3)
  }

  @Test("a model without experts has all its parameters active, and needs no number")
  func dense() throws {
    let file: File = [
      ("layer.0.weight", .f32, [3, 8]), ("layer.0.bias", .f32, [3]), ("inv_freq", .f32, [5]),
    ]
    #expect(try counts(file, .activeHF, topK: nil).parameters.value == 27)
    // The number of experts in the configuration of a dense model: none, or one.
    for declared: Set<Int> in [[0], [1]] {
      #expect(try counts(file, .activeNoEmbeddings, topK: 2, declared: declared).parameters.value == 27)
    }
  }

  @Test(
    "a model that is said to have experts, in which none are known, is never counted as dense",
    arguments: [
      ([("layer.0.weight", [3, 8])], 2, [], "because their number for a token is given, found no tensor"),
      ([("layer.0.weight", [3, 8])], nil, [4], "because config.json declares them, found no tensor"),
      ([("layer.0.w", [4, 3, 8])], 2, [4], "stacked along the first dimension, found 'layer.0.w'"),
      ([("layer.0.router.weight", [4, 8])], nil, [], "the experts of the router 'layer.0.router.weight'"),
      ([("layer.0.gate.weight", [4, 8])], 2, [4], "the experts of the router 'layer.0.gate.weight'"),
      ([("layer.0.expert_up.weight", [16, 8])], nil, [], "found 'layer.0.expert_up.weight'"),
      ([("a.experts.up.weight", [16, 8])], 2, [], "found 'a.experts.up.weight'"),
      ([("a.experts.up.weight", [2, 4, 8, 3])], 2, [], "found 'a.experts.up.weight'"),
      ([("a.experts.up", [4, 8, 3]), ("a.experts.b", [3, 8])], 2, [], "found 'a.experts.b'"),
      ([("a.experts.0.w", [3, 8]), ("a.experts.1.w", [3, 9])], 1, [], "experts of different sizes"),
      ([("a.experts.0.w", [3, 8]), ("a.experts.2.w", [3, 8])], 1, [], "found 2, numbered up to 2"),
      (
        [("a.experts.0.w", [3, 8]), ("a.experts.1.w", [3, 8])], 1, [4], "(config.json: 4), found 2"
      ),
      ([("a.experts.weight1", [3, 8]), ("a.experts.weight2", [8, 3])], 1, [], "found 'a.experts.weight1'"),
      (
        [("a.router.weight", [5, 8]), ("a.experts.up", [4, 8, 3])], 1, [],
        "their router has, found 4"
      ),
      ([("a.experts.up", [4, 8, 3])], 1, [8], "config.json has (8), found 4"),
    ] as [([(String, [Int])], Int?, Set<Int>, String)])
  func silent(tensors: [(String, [Int])], topK: Int?, declared: Set<Int>, words: String) throws {
    let file = tensors.map { (name: $0.0, dtype: DType.f32, shape: $0.1) }
    let error = #expect(throws: AccountingError.self) {
      _ = try counts(file, .activeHF, topK: topK, declared: declared)
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains(words), "\(error.map { "\($0)" } ?? "")")
    // Other policies count the file as it is.
    #expect(try counts(file, .pytorchParameters, topK: topK, declared: declared).parameters.value > 0)
  }

  @Test(
    "are found by the router beside them, by their number in a name, and where rows hold all of them",
    arguments: [
      // The file, the elements of all experts, and those that every token uses.
      ([("m.router.weight", [4, 8]), ("m.up", [4, 6, 8]), ("m.up_bias", [4, 6])], 4 * 6 * 9, 32),
      ([("m.gate.weight", [4, 8]), ("m.up", [4, 6, 8]), ("m.b", [3, 8])], 4 * 6 * 8, 32 + 24),
      ([("m.router.kernel", [8, 4]), ("m.expert.wi.kernel", [4, 8, 6])], 4 * 6 * 8, 32),
      ([("m.router.layer.weight", [4, 8]), ("m.experts.mlp.w1", [24, 8])], 24 * 8, 32),
      ([("moe.gate.weight", [4, 8]), ("moe.w1", [24, 8]), ("moe.shared.w1", [24, 8])], 24 * 8, 32 + 192),
      ([("moe.up.weight", [4, 6, 8]), ("moe.down.weight", [4, 8, 6])], 4 * 96, 0),
      ([("blk.0.ffn_gate_inp.weight", [4, 8]), ("blk.0.ffn_up_exps.weight", [4, 6, 8])], 192, 32),
      ((0..<4).map { ("m.experts.weight_up.\($0)", [6, 8]) }, 4 * 48, 0),
      ((0..<4).map { ("m.experts.linear_fc1.weight\($0)", [6, 8]) }, 4 * 48, 0),
      ((0..<4).map { ("m.experts.deepspeed_experts.\($0).up.weight", [6, 8]) }, 4 * 48, 0),
      ((0..<4).map { ("m.experts.local_experts.\($0).fc.weight", [6, 8]) }, 4 * 48, 0),
      ((0..<4).map { ("m.expert_\($0).fc.weight", [6, 8]) }, 4 * 48, 0),
      ([("m.experts.up", [4, 6, 8]), ("m.experts.bias", [8])], 192, 8),
      ([("m.experts.net.0.weight", [4, 6, 8]), ("m.experts.net.2.weight", [4, 8, 6])], 384, 0),
    ] as [([(String, [Int])], Int, Int)])
  func found(tensors: [(String, [Int])], routed: Int, rest: Int) throws {
    let file = tensors.map { (name: $0.0, dtype: DType.f32, shape: $0.1) }
    for topK in 1...4 {
      #expect(try counts(file, .activeHF, topK: topK).parameters.value == routed / 4 * topK + rest)
    }
    #expect(throws: AccountingError.self) { try counts(file, .activeHF, topK: 5) }
    #expect(throws: AccountingError.self) { try counts(file, .activeHF, topK: nil) }
  }

  @Test(
    "what cannot be counted is refused with what to do",
    arguments: [
      ("a.experts.#.weight", nil, "--top-k, or num_experts_per_tok"),
      ("a.experts.#.weight", 5, "at most 4 experts"),
      ("a.experts.up", nil, "--top-k"), ("a.experts.up", 5, "at most 4 experts"),
    ] as [(String, Int?, String)])
  func refused(name: String, topK: Int?, words: String) throws {
    let file = file(name, experts: 4, layers: 1, width: 2)
    let error = #expect(throws: AccountingError.self) { _ = try counts(file, .activeHF, topK: topK) }
    #expect("\(error.map { "\($0)" } ?? "")".contains(words))
    // Two dimensions do not show how many experts share the first.
    let flattened: File = [("ffn.experts.mlp.w1", .f32, [64, 8])]
    let other = #expect(throws: AccountingError.self) { _ = try counts(flattened, .activeHF, topK: 2) }
    #expect("\(other.map { "\($0)" } ?? "")".contains("stacked along the first dimension"))
  }

  @Test("experts that only some sub-networks have are refused, not counted as if all had them")
  func units() throws {
    let plan = try Plan(
      parsing: Array(
        #"""
        {"format": "tessera.plan/1", "units": 2, "axes": {},
         "tensors": [
          {"name": "a.experts.0.weight", "dtype": "F32", "shape": [2, 2], "units": [0]},
          {"name": "a.experts.1.weight", "dtype": "F32", "shape": [2, 2], "units": [1]}],
         "tasks": [{"name": "all", "order": [0, 1], "levels": [1, 2]}]}
        """#.utf8))
    let resolved = try plan.resolve(against: plan.describedTensors)
    var inventory = Inventory(resolved.partition, resolved.assignment)
    inventory.expertsPerToken = 1
    let error = #expect(throws: AccountingError.self) {
      _ = try inventory.counts(under: PolicyPreset.policy(named: "active-hf"))
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains("expected experts that every sub-network has"))
  }
}
