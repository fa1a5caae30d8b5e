import Tensors
import Testing
import UnitModel

@testable import Planning

/// Tensors of small networks by the names that PyTorch gives them.
private struct Weights {
  var list: [(String, [Int])] = []

  mutating func convolution(_ name: String, _ out: Int, _ input: Int, kernel: Int = 3, bias: Bool = false) {
    list.append(("\(name).weight", [out, input, kernel, kernel]))
    if bias { list.append(("\(name).bias", [out])) }
  }

  mutating func norm(_ name: String, _ size: Int) {
    for part in ["weight", "bias", "running_mean", "running_var"] { list.append(("\(name).\(part)", [size])) }
    list.append(("\(name).num_batches_tracked", []))
  }

  mutating func linear(_ name: String, _ out: Int, _ input: Int, bias: Bool = true) {
    list.append(("\(name).weight", [out, input]))
    if bias { list.append(("\(name).bias", [out])) }
  }

  /// In the order of definition, or sorted by name as safetensors files are.
  func specs(sorted: Bool) throws -> [TensorSpec] {
    try specsOf(
      sorted ? list.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) } : list)
  }
}

/// The free function of `PresetTests`, which members of the same name hide.
private func specsOf(_ list: [(String, [Int])]) throws -> [TensorSpec] { try specs(list) }

/// A network, and the cuts that make a sound plan of it.
private struct Network: CustomTestStringConvertible, Sendable {
  let name: String
  let cuts: [String]
  let make: @Sendable (_ width: Int) -> [(String, [Int])]

  var testDescription: String { name }

  func specs(sorted: Bool, width: Int = 0) throws -> [TensorSpec] {
    try Weights(list: make(width)).specs(sorted: sorted)
  }

  static let cnn = Network(
    name: "convolutions",
    cuts: [
      "conv1.weight=a,-,-,-", "conv1.bias=a", "bn1.*=a", "conv2.weight=b,a,-,-", "bn2.*=b", "fc.weight=-,b",
    ]
  ) { width in
    var weights = Weights()
    weights.convolution("conv1", width + 16, 3, bias: true)
    weights.norm("bn1", width + 16)
    weights.convolution("conv2", 2 * width + 24, width + 16)
    weights.norm("bn2", 2 * width + 24)
    weights.linear("fc", 10, 2 * width + 24)
    return weights.list
  }

  static let flattened = Network(
    name: "a flatten",
    cuts: ["conv1.weight=a,-,-,-", "conv1.bias=a", "fc1.weight=b,a*49", "fc1.bias=b", "fc2.weight=-,b"]
  ) { width in
    var weights = Weights()
    weights.convolution("conv1", width + 16, 3, bias: true)
    weights.linear("fc1", 20, (width + 16) * 49)
    weights.linear("fc2", 10, 20)
    return weights.list
  }

  static let inverted = Network(
    name: "a depthwise convolution",
    cuts: [
      "expand.weight=m,-,-,-", "expand_bn.*=m", "dw.weight=m,-,-,-", "dw_bn.*=m", "project.weight=-,m,-,-",
    ]
  ) { width in
    var weights = Weights()
    weights.convolution("expand", width + 48, 16, kernel: 1)
    weights.norm("expand_bn", width + 48)
    weights.convolution("dw", width + 48, 1)
    weights.norm("dw_bn", width + 48)
    weights.convolution("project", 16, width + 48, kernel: 1)
    return weights.list
  }

  static let recurrent = Network(
    name: "an LSTM",
    cuts: [
      "lstm.weight_ih_l0=4*h,-", "lstm.weight_hh_l0=4*h,h", "lstm.bias_*_l0=4*h", "head.weight=-,h",
    ]
  ) { width in
    let hidden = width + 12
    return [
      ("lstm.weight_ih_l0", [4 * hidden, 7]), ("lstm.weight_hh_l0", [4 * hidden, hidden]),
      ("lstm.bias_ih_l0", [4 * hidden]), ("lstm.bias_hh_l0", [4 * hidden]), ("head.weight", [5, hidden]),
      ("head.bias", [5]),
    ]
  }

  static let gated = Network(
    name: "a gated decoder",
    cuts: [
      "layers.{}.mlp.gate_proj.weight=f{},-", "layers.{}.mlp.up_proj.weight=f{},-",
      "layers.{}.mlp.down_proj.weight=-,f{}", "layers.{}.self_attn.q_proj.weight=h{},-",
      "layers.{}.self_attn.k_proj.weight=h{},-", "layers.{}.self_attn.v_proj.weight=h{},-",
      "layers.{}.self_attn.o_proj.weight=-,h{}",
    ]
  ) { width in
    var weights = Weights()
    for layer in 0..<3 {
      for name in ["q", "k", "v"] {
        weights.linear("layers.\(layer).self_attn.\(name)_proj", width + 40, width + 32, bias: false)
      }
      weights.linear("layers.\(layer).self_attn.o_proj", width + 32, width + 40, bias: false)
      weights.linear("layers.\(layer).mlp.gate_proj", width + 96, width + 32, bias: false)
      weights.linear("layers.\(layer).mlp.up_proj", width + 96, width + 32, bias: false)
      weights.linear("layers.\(layer).mlp.down_proj", width + 32, width + 96, bias: false)
      weights.list.append(("layers.\(layer).input_layernorm.weight", [width + 32]))
    }
    return weights.list
  }

  static let turned = Network(
    name: "weights stored [in, out]",
    cuts: [
      "h.{}.mlp.c_fc.weight=-,f{}", "h.{}.mlp.c_fc.bias=f{}", "h.{}.mlp.c_proj.weight=f{},-",
      "h.{}.attn.c_attn.weight=-,3*h{}", "h.{}.attn.c_attn.bias=3*h{}", "h.{}.attn.c_proj.weight=h{},-",
    ]
  ) { width in
    (0..<2).flatMap { layer -> [(String, [Int])] in
      let (model, inner) = (width + 32, 3 * width + 100)
      return [
        ("h.\(layer).ln_1.weight", [model]), ("h.\(layer).attn.c_attn.weight", [model, 3 * model]),
        ("h.\(layer).attn.c_attn.bias", [3 * model]), ("h.\(layer).attn.c_proj.weight", [model, model]),
        ("h.\(layer).attn.c_proj.bias", [model]), ("h.\(layer).mlp.c_fc.weight", [model, inner]),
        ("h.\(layer).mlp.c_fc.bias", [inner]), ("h.\(layer).mlp.c_proj.weight", [inner, model]),
        ("h.\(layer).mlp.c_proj.bias", [model]),
      ]
    }
  }

  static let all = [cnn, flattened, inverted, recurrent, gated, turned]
}

@Suite("Half cuts")
struct HalfCutTests {
  private func halfCuts(_ specs: [TensorSpec], _ cuts: [String]) throws -> [HalfCut] {
    try PlanRequest(unitCount: 2, cuts: cuts.map(CutOption.init(parsing:))).propose(for: specs).resolved.halfCuts
  }

  @Test("a sound plan has none, in the order of definition and sorted by name", arguments: Network.all)
  private func sound(_ network: Network) throws {
    for sorted in [false, true] {
      for width in [0, 4, 16] {
        let found = try halfCuts(network.specs(sorted: sorted, width: width), network.cuts)
        #expect(found.isEmpty, "\(found)")
      }
    }
  }

  @Test("leaving any one tensor of a sound plan whole is found", arguments: Network.all)
  private func everyTensor(_ network: Network) throws {
    var cases = 0
    for sorted in [false, true] {
      let specs = try network.specs(sorted: sorted)
      let request = try PlanRequest(unitCount: 2, cuts: network.cuts.map(CutOption.init(parsing:)))
      let cut = try request.propose(for: specs).resolved.partition.tensors.filter { !$0.isWhole }
      for tensor in cut {
        cases += 1
        let found = try halfCuts(specs, ["\(tensor.spec.name)="] + network.cuts)
        #expect(found.contains { $0.tensors.contains(tensor.spec.name) }, "\(tensor.spec.name): \(found)")
      }
    }
    #expect(cases >= 10)
  }

  @Test("following what the warnings say ends in a plan without any", arguments: Network.all)
  private func followed(_ network: Network) throws {
    for sorted in [false, true] {
      let specs = try network.specs(sorted: sorted)
      for start in network.cuts {
        var cuts = [start]
        var rounds = 0
        while case let found = try halfCuts(specs, cuts), !found.isEmpty {
          rounds += 1
          try #require(rounds < 8, "\(start): \(found)")
          cuts = found.map(\.option) + cuts
        }
      }
    }
  }

  /// What is wrong, the cuts, and what the first warning says to add.
  static let sentences: [(network: Int, sorted: Bool, cuts: [String], sentence: String)] = [
    (
      0, true, ["conv1.weight=a,-,-,-", "bn1.*=a", "conv2.weight=-,a,-,-"],
      "half cut: the 16 channels of 'conv1.weight' dimension 0 are cut, 'conv1.bias' dimension 0 is left whole; "
        + "add --cut 'conv1.bias=a'"
    ),
    (
      0, true, ["conv1.weight=a,-,-,-", "conv1.bias=a", "conv2.weight=-,a,-,-"],
      "half cut: the 16 channels of 'conv1.weight' dimension 0 are cut, 'bn1.bias' and 3 more are left whole; "
        + "add --cut 'bn1.*=a'"
    ),
    (
      0, false, ["conv2.weight=b,-,-,-", "bn2.weight=b", "bn2.bias=b", "fc.weight=-,b"],
      "half cut: the 24 channels of 'bn2.weight' dimension 0 are cut, 'bn2.running_mean' and 1 more are left whole; "
        + "add --cut 'bn2.*=b'"
    ),
    (
      0, false, ["conv1.*=", "conv2.weight=b,-,-,-", "bn2.*=b"],
      "half cut: the 24 channels of 'conv2.weight' dimension 0 are cut, 'fc.weight' dimension 1 is left whole; "
        + "add --cut 'fc.weight=-,b'"
    ),
    (
      1, true, ["conv1.weight=a,-,-,-", "conv1.bias=a"],
      "half cut: the 16 channels of 'conv1.weight' dimension 0 are cut, 'fc1.weight' dimension 1 is left whole; "
        + "add --cut 'fc1.weight=-,a*49'"
    ),
    (
      2, false, ["expand.weight=m,-,-,-", "expand_bn.*=m", "project.weight=-,m,-,-"],
      "half cut: the 48 channels of 'expand.weight' dimension 0 are cut, 'dw.weight' dimension 0 is left whole; "
        + "add --cut 'dw.weight=m,-,-,-'"
    ),
    (
      3, false, ["lstm.weight_*=4*h,-", "lstm.bias_*=4*h", "head.weight=-,h"],
      "half cut: the 48 channels of 'lstm.weight_ih_l0' dimension 0 are cut, 'lstm.weight_hh_l0' dimension 1 is "
        + "left whole; add --cut 'lstm.weight_hh_l0=4*h,h' before the others"
    ),
    (
      4, true, ["layers.{}.mlp.gate_proj.weight=f{},-", "layers.{}.mlp.down_proj.weight=-,f{}"],
      "half cut: the 96 channels of 'layers.0.mlp.gate_proj.weight' dimension 0 are cut, "
        + "'layers.0.mlp.up_proj.weight' and 2 more are left whole; add --cut 'layers.{}.mlp.up_proj.weight=f{},-'"
    ),
    (
      4, true, ["layers.{}.self_attn.q_proj.weight=h{},-", "layers.{}.self_attn.o_proj.weight=-,h{}"],
      "half cut: the 40 channels of 'layers.0.self_attn.q_proj.weight' dimension 0 are cut, "
        + "'layers.0.self_attn.k_proj.weight' and 2 more are left whole; "
        + "add --cut 'layers.{}.self_attn.k_proj.weight=h{},-'"
    ),
    (
      5, true, ["h.{}.mlp.c_fc.weight=-,f{}", "h.{}.mlp.c_proj.weight=f{},-"],
      "half cut: the 100 channels of 'h.0.mlp.c_fc.weight' dimension 1 are cut, 'h.0.mlp.c_fc.bias' and 1 more are "
        + "left whole; add --cut 'h.{}.mlp.c_fc.bias=f{}'"
    ),
  ]

  @Test("ten half cuts and what the warning says", arguments: sentences)
  func sentence(_ one: (network: Int, sorted: Bool, cuts: [String], sentence: String)) throws {
    let specs = try Network.all[one.network].specs(sorted: one.sorted)
    #expect(try halfCuts(specs, one.cuts).first?.description == one.sentence)
  }

  @Test("a tensor whose sub-networks have every channel is none")
  func privateWhole() throws {
    let specs = try specsOf([
      ("body.weight", [8, 3]), ("head.a", [2, 8]), ("head.b", [3, 8]),
    ])
    func plan(_ levels: String) throws -> ResolvedPlan {
      let text = """
        { "format": "tessera.plan/1", "units": 2, "axes": { "c": {} },
          "tensors": [ { "match": "body.weight", "axes": ["c", null] }, { "match": "head.a", "axes": [null, "c"] } ],
          "tasks": [ { "name": "a", "private": ["head.a"] }, { "name": "b", "levels": [\(levels)], "private": ["head.b"] } ] }
        """
      return try Plan(parsing: Array(text.utf8)).resolve(against: specs)
    }
    #expect(try plan("2").halfCuts.isEmpty)
    #expect(try plan("1, 2").halfCuts.map(\.option) == ["head.b=-,c"])
  }

  @Test("the cost grows with the number of tensors, not with its square")
  func linear() throws {
    func count(_ layers: Int) throws -> (Int, Double) {
      var list: [(String, [Int])] = []
      for layer in 0..<layers {
        list += [
          ("l.\(layer).up.weight", [96, 32]), ("l.\(layer).up.bias", [96]),
          ("l.\(layer).down.weight", [32, 96]),
        ]
      }
      let cuts = try ["l.{}.up.weight=f,-", "l.{}.down.weight=-,f"].map(CutOption.init(parsing:))
      let resolved = try PlanRequest(unitCount: 2, cuts: cuts).propose(for: specsOf(list)).resolved
      let clock = ContinuousClock()
      var found = 0
      let time = clock.measure { found = resolved.halfCuts.count }
      return (found, Double(time.components.attoseconds) / 1e18 + Double(time.components.seconds))
    }
    let (few, short) = try count(500)
    let (many, long) = try count(4000)
    #expect(few == 1 && many == 1)
    // Eight times the tensors: a square would take sixty-four times as long.
    #expect(long < 30 * short + 0.05, "\(short) s, then \(long) s")
  }
}
