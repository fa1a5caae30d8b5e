import Tensors
import Testing
import UnitModel

@testable import Planning

/// Half cuts of each kind of module, with generated sizes.
@Suite("Kinds of half cuts")
struct HalfCutKindTests {
  private func halfCuts(_ list: [(String, [Int])], _ cuts: [String], sorted: Bool = false) throws -> [HalfCut]
  {
    let specs = try Weights(list: list).specs(sorted: sorted)
    return try PlanRequest(unitCount: 2, cuts: cuts.map(CutOption.init(parsing:))).propose(for: specs)
      .resolved.halfCuts
  }

  @Test("hidden channels are those of their own layer and direction, and advice for one tensor is one piece")
  func recurrentAxes() throws {
    for hidden in [6, 16, 18] {
      for network in [Network.bidirectional, .layered] {
        for sorted in [false, true] {
          let gates = network.name.contains("GRU") ? 3 : 4
          let specs = try network.specs(sorted: sorted, width: hidden)
          let name = gates == 3 ? "gru" : "lstm"
          let found = try PlanRequest(
            unitCount: 2, cuts: [CutOption(parsing: "\(name).weight_ih_l{}=\(gates)*h{},-")]
          ).propose(for: specs).resolved.halfCuts
          #expect(Set(found.flatMap(\.tensors)).count == found.flatMap(\.tensors).count)
          for end in gates == 3 ? ["0", "1", "2"] : ["0", "1", "0_reverse", "1_reverse"] {
            #expect(
              found.contains { $0.option == "\(name).weight_hh_l\(end)=\(gates)*h\(end),h\(end)" }, "\(found)"
            )
          }
        }
      }
    }
  }

  @Test("both directions on one axis are that axis twice")
  func oneAxis() throws {
    let list = try Network.bidirectional.specs(sorted: false).map { ($0.name.text, $0.shape) }
    let cuts = ["lstm.weight_ih_*=4*h,-", "lstm.weight_hh_*=4*h,h", "lstm.bias_*=4*h"]
    let options = try halfCuts(list, cuts).map(\.option)
    #expect(
      Set(options) == [
        "lstm.weight_ih_l1=4*h,2*h", "lstm.weight_ih_l1_reverse=4*h,2*h", "fc.weight=-,2*h",
      ])
  }

  @Test("hidden channels of a cell are its own, whatever the cell before it has")
  func cells() throws {
    for hidden in [6, 10, 16] {
      let list = ["cell1", "cell2"].enumerated().flatMap { place, name in
        [
          ("\(name).weight_ih", [4 * hidden, place == 0 ? 5 : hidden]),
          ("\(name).weight_hh", [4 * hidden, hidden]), ("\(name).bias_ih", [4 * hidden]),
          ("\(name).bias_hh", [4 * hidden]),
        ]
      }
      let cuts = [
        "cell1.weight_ih=4*a,-", "cell1.weight_hh=4*a,a", "cell1.bias_*=4*a", "cell2.weight_ih=-,a",
      ]
      for sorted in [false, true] { #expect(try halfCuts(list, cuts, sorted: sorted).isEmpty) }
    }
  }

  @Test("a linear layer and a convolution with their own axes of one size are not contradictory")
  func ranks() throws {
    let list = [("st.weight", [16, 4]), ("k.weight", [6, 16, 3, 3])]
    #expect(try !halfCuts(list, ["st.weight=a,-", "k.weight=-,b,-,-"]).contains { $0.isContradictory })
    let other = [("st.weight", [16, 4]), ("k.weight", [6, 16])]
    #expect(try halfCuts(other, ["st.weight=a,-", "k.weight=-,b"]).contains { $0.isContradictory })
  }

  /// Cuts of a module with weight [n, 8], bias and norm, and the option for the contradictory one.
  static let contradictions: [(cuts: [String], option: String?)] = [
    (["lin1.weight=z,-", "lin1.bias=z", "bn1.*=z", "out.weight=-,z"], nil),
    (["lin1.weight=z,-", "lin1.bias=y", "bn1.*=z", "out.weight=-,z"], "lin1.bias=z"),
    (["lin1.weight=z,-", "lin1.bias=z", "bn1.*=z", "out.weight=-,y"], "out.weight=-,z"),
    (["lin1.weight=z,-", "lin1.bias=z", "bn1.*=y", "out.weight=-,z"], "bn1.*=z"),
    (["lin1.weight=z,-", "lin1.bias=z", "bn1.weight=z", "bn1.*=y", "out.weight=-,z"], "bn1.bias=z"),
  ]

  @Test("one set of channels on two axes is contradictory", arguments: contradictions)
  func contradictory(_ one: (cuts: [String], option: String?)) throws {
    for size in [6, 12, 20] {
      var weights = Weights()
      weights.linear("lin1", size, 8)
      weights.norm("bn1", size)
      weights.linear("out", 5, size)
      for sorted in [false, true] {
        let found = try halfCuts(weights.list, one.cuts, sorted: sorted)
        guard let option = one.option else {
          #expect(found.isEmpty, "\(found)")
          continue
        }
        #expect(found.contains { $0.option == option && $0.isContradictory }, "\(found)")
        #expect(found.first { $0.option == option }?.sentence(.add).contains("axis 'z', but ") == true)
      }
    }
  }

  /// Encoder widths of a U-Net, and the decoder's after its transposed convolutions.
  static let widths = [([24, 40, 56], [36, 20]), ([8, 18, 28], [16, 12]), ([16, 34, 72], [26, 14])]

  private func uNet(_ encoder: [Int], _ decoder: [Int]) -> [(String, [Int])] {
    var weights = Weights()
    for (place, width) in encoder.enumerated() {
      weights.convolution("enc\(place).conv", width, place == 0 ? 3 : encoder[place - 1], bias: true)
    }
    var stream = encoder[encoder.count - 1]
    for (place, width) in decoder.enumerated() {
      weights.list += [("up\(place).weight", [stream, width, 2, 2]), ("up\(place).bias", [width])]
      let skip = encoder[encoder.count - 2 - place]
      weights.convolution("dec\(place).conv", width, width + skip, bias: true)
      stream = width
    }
    weights.convolution("head", 2, stream, kernel: 1, bias: true)
    return weights.list
  }

  @Test("a reader of joined channels is named by the sum of their sizes", arguments: widths)
  func joined(encoder: [Int], decoder: [Int]) throws {
    let list = uNet(encoder, decoder)
    let skip = try halfCuts(
      list, ["enc0.conv.weight=a,-,-,-", "enc0.conv.bias=a", "enc1.conv.weight=-,a,-,-"])
    #expect(skip.map(\.option) == ["dec1.conv.weight=-,\(decoder[1])+a,-,-"])
    let up = try halfCuts(list, ["up0.weight=-,u,-,-", "up0.bias=u"])
    #expect(up.map(\.option) == ["dec0.conv.weight=-,u+\(encoder[1]),-,-"])
    let sound = [
      "enc0.conv.weight=a,-,-,-", "enc0.conv.bias=a", "enc1.conv.weight=-,a,-,-",
      "dec1.conv.weight=-,\(decoder[1])+a,-,-",
    ]
    #expect(try halfCuts(list, sound).isEmpty)
  }

  private func attention(_ heads: Int, group: Int, width: Int) -> [(String, [Int])] {
    [
      ("a.q_proj.weight", [heads * group * width, 64]), ("a.k_proj.weight", [heads * width, 64]),
      ("a.v_proj.weight", [heads * width, 64]), ("a.o_proj.weight", [64, heads * group * width]),
    ]
  }

  @Test("what reads the heads follows the queries, and keys with fewer heads cannot follow single channels")
  func queries() throws {
    for (heads, group, width) in [(3, 4, 8), (2, 3, 6), (5, 2, 4)] {
      for sorted in [false, true] {
        let list = attention(heads, group: group, width: width)
        let (query, key) = (group * width, width)
        let byHead = try halfCuts(list, ["a.q_proj.weight=h*\(query),-"], sorted: sorted)
        #expect(
          Set(byHead.map(\.option)) == [
            "a.o_proj.weight=-,h*\(query)", "a.k_proj.weight=h*\(key),-", "a.v_proj.weight=h*\(key),-",
          ])
        let single = try halfCuts(list, ["a.q_proj.weight=h,-"], sorted: sorted)
        #expect(
          Set(single.map(\.option)) == ["a.o_proj.weight=-,h", "a.k_proj.weight=heads*N,-"], "\(single)")
        let output = try halfCuts(list, ["a.o_proj.weight=-,h*\(query)"], sorted: sorted)
        #expect(output.contains { $0.option == "a.q_proj.weight=h*\(query),-" })
      }
    }
  }

  @Test("one key head that serves all queries stays whole")
  func oneKeyHead() throws {
    let list = attention(1, group: 6, width: 8)
    let cuts = ["a.q_proj.weight=h*8,-", "a.o_proj.weight=-,h*8"]
    #expect(try halfCuts(list, cuts).isEmpty)
  }

  @Test("names that an exporter made up say nothing of a tensor's place")
  func anonymous() throws {
    let cuts = ["c.weight=a,-,-,-"]
    for name in ["onnx::Conv_12", "val_7", "/u/Constant_output_0"] {
      let list = [("c.weight", [8, 3, 3, 3]), (name, [5, 8, 1, 1])]
      #expect(try halfCuts(list, cuts).map(\.option) == ["a"])
    }
    #expect(
      try halfCuts([("c.weight", [8, 3, 3, 3]), ("d.weight", [5, 8, 1, 1])], cuts).map(\.option)
        == ["d.weight=-,a,-,-"])
  }

  /// Weights beside a reader of shape [8, n], further cuts, and whether no module makes what is read.
  static let unmadeCases: [(make: @Sendable (Int) -> [(String, [Int])], cuts: [String], isUnmade: Bool)] = [
    (
      {
        [
          ("lstm.weight_ih_l0", [4 * $0, 7]), ("lstm.weight_hh_l0", [4 * $0, $0]),
          ("lstm.bias_ih_l0", [4 * $0]),
        ]
      }, [], true
    ),
    (
      { [("rnn/kernel", [7, 4 * $0]), ("rnn/recurrent_kernel", [$0, 4 * $0]), ("rnn/bias", [4 * $0])] }, [],
      true
    ),
    ({ [("m.qkv.weight", [3 * $0, 20]), ("m.qkv.bias", [3 * $0])] }, [], true),
    (
      { [("m.glu.weight", [2 * $0, 20]), ("m.norm.weight", [$0]), ("m.norm.bias", [$0])] }, ["m.norm.*=c"],
      true
    ),
    (
      { [("m.qkv.weight", [3 * $0, 20]), ("m.qkv.bias", [3 * $0])] },
      ["m.qkv.weight=3*c,-", "m.qkv.bias=3*c"], false
    ),
    // An embedding with an unusual name, and a transposed convolution without a bias.
    ({ [("a.chars.weight", [300, $0])] }, ["a.chars.weight=-,c"], false),
    (
      { [("a.up.weight", [30, $0, 2, 2]), ("a.n.weight", [$0]), ("a.n.bias", [$0])] },
      ["a.up.weight=-,c,-,-", "a.n.*=c"], false
    ),
    // A stem that reads one channel is not a depthwise convolution.
    (
      { [("a.conv.weight", [$0, 1, 3, 3]), ("b.conv.weight", [$0, $0, 3, 3])] },
      ["a.conv.weight=c,-,-,-", "b.conv.weight=-,c,-,-"], false
    ),
    (
      { [("a.position", [1, 50, $0]), ("a.token", [1, 1, $0])] }, ["a.position=-,-,c", "a.token=-,-,c"], false
    ),
    ({ [("onnx::MatMul_7", [30, $0])] }, ["onnx::MatMul_7=-,c"], false),
  ]

  @Test("channels that a tensor reads and no tensor makes are found", arguments: unmadeCases.indices)
  func unmade(_ place: Int) throws {
    let one = Self.unmadeCases[place]
    for size in [6, 15, 40] {
      for sorted in [false, true] {
        let list = one.make(size) + [("zz.weight", [8, size]), ("zz.bias", [8])]
        let found = try halfCuts(list, one.cuts + ["zz.weight=-,c"], sorted: sorted)
        #expect(
          found.contains { $0.kind == .unmade && $0.option == "c" } == one.isUnmade, "\(list): \(found)")
        if !one.isUnmade { #expect(found.isEmpty, "\(list): \(found)") }
      }
    }
  }

  @Test("one piece of advice is for all names that differ in a number, where its pattern means nothing else")
  func numbers() throws {
    for (name, pattern) in [
      ("block_#.up", "block_{}.up"), ("layer#.up", "layer{}.up"), ("l.up#", "l.up{}"), ("m.#.up", "m.{}.up"),
      ("m.#.up2", "m.{}.up2"),
    ] {
      for other in [nil, name.replacing("#", with: "x"), name.replacing("#", with: "1x")] {
        var weights = Weights()
        for number in ["0", "1", "12"] { weights.linear(name.replacing("#", with: number), 24, 10) }
        if let other { weights.linear(other, 24, 10) }
        let cuts = ["0", "1", "12"].map { "\(name.replacing("#", with: $0)).weight=f\($0),-" }
        let options = try halfCuts(weights.list, cuts).map(\.option).filter { $0.contains("bias") }
        if other == nil {
          #expect(options == ["\(pattern).bias=f{}"])
        } else {
          #expect(options == ["0", "1", "12"].map { "\(name.replacing("#", with: $0)).bias=f\($0)" })
        }
      }
    }
    // Two components have a number, so it is unknown which one the pattern should replace.
    var weights = Weights()
    for number in 0..<2 { weights.linear("a\(number).b\(number)", 24, 10) }
    let options = try halfCuts(weights.list, ["a{}.b*.weight=f,-"]).map(\.option).filter {
      $0.contains("bias")
    }
    #expect(options == ["a0.b0.bias=f", "a1.b1.bias=f"])
  }

  @Test("a norm whose channels nothing else has is not fine")
  func normAlone() throws {
    for sorted in [false, true] {
      for network in [Network.numbered, Network.squeezed[0]] {
        let list = try network.specs(sorted: sorted)
        let norms = Set(list.filter { $0.name.text.hasSuffix("running_mean") }.map(\.name.text))
        for norm in norms.map({ $0.replacing("running_mean", with: "*") }) {
          let found = try halfCuts(list.map { ($0.name.text, $0.shape) }, ["\(norm)=e"], sorted: sorted)
          #expect(!found.isEmpty, "\(norm)")
        }
      }
    }
  }

  @Test("channels between two modules of a parent are cut in every norm, whatever its name and place")
  func enclosed() throws {
    for (up, norm, down) in [("up", "a", "down"), ("w", "post", "x"), ("expand", "z9", "project")] {
      for inner in [20, 36] {
        var weights = Weights()
        weights.convolution("m.\(up)", inner, 12, kernel: 1)
        weights.norm("m.\(norm)", inner)
        weights.convolution("m.\(down)", 12, inner, kernel: 1)
        weights.norm("m.last", 12)
        for list in [weights.list, weights.list.reversed()] {
          let cuts = ["m.\(up).weight=e,-,-,-", "m.\(down).weight=-,e,-,-"]
          #expect(try halfCuts(list, cuts).map(\.option) == ["m.\(norm).*=e"])
        }
        // Another vector may have as many elements by chance.
        let table = [("m.table", [inner]), ("m.other.values", [inner])]
        let cuts = ["m.\(up).weight=e,-,-,-", "m.\(norm).*=e", "m.\(down).weight=-,e,-,-"]
        #expect(try halfCuts(table + weights.list, cuts).map(\.option) == [])
        // If a module here reads as many channels whole, the norm may belong to its inputs.
        weights.convolution("m.other", 5, inner, kernel: 1)
        let order = ["m.\(norm).", "m.last.", "m.other.", "m.\(up).", "m.\(down)."]
        let scattered = order.flatMap { start in weights.list.filter { $0.0.hasPrefix(start) } }
        #expect(try halfCuts(scattered, [cuts[0], cuts[2]]).map(\.option) == [])
      }
    }
  }

  @Test("a norm with the number of the convolution after it is that of what the convolution reads")
  func normedBefore() throws {
    for size in [8, 20] {
      var weights = Weights()
      weights.convolution("conv", size, 3)
      for block in 0..<2 {
        for number in 1...2 {
          weights.norm("b.\(block).bn\(number)", size)
          weights.convolution("b.\(block).conv\(number)", size, size)
        }
      }
      weights.norm("norm", size)
      weights.linear("fc", 10, size)
      let cuts = [
        "conv.weight=s,-,-,-", "b.{}.bn1.*=s", "b.{}.conv1.weight=-,s,-,-", "b.{}.conv2.weight=s,-,-,-",
        "norm.*=s", "fc.weight=-,s",
      ]
      for sorted in [false, true] { #expect(try halfCuts(weights.list, cuts, sorted: sorted).isEmpty) }
    }
  }

  @Test("a block that is cut whole says nothing of another block", arguments: [false, true])
  func oneBlock(sorted: Bool) throws {
    for names in [["up", "down"], ["gate_proj", "up_proj", "down_proj"], ["b", "a"], ["fc1", "fc2"]] {
      var weights = Weights()
      for layer in 0..<3 {
        for name in names.dropLast() { weights.linear("l.\(layer).mlp.\(name)", 96, 32, bias: false) }
        weights.linear("l.\(layer).mlp.\(names.last ?? "")", 32, 96, bias: false)
      }
      for layer in 0..<3 {
        let cuts =
          names.dropLast().map { "l.\(layer).mlp.\($0).weight=f,-" }
          + ["l.\(layer).mlp.\(names.last ?? "").weight=-,f"]
        #expect(try halfCuts(weights.list, cuts, sorted: sorted).map(\.option) == [], "\(names) \(layer)")
      }
    }
  }

  @Test("layers that take few channels from an axis, and put them on another, are no gate")
  func noGates() throws {
    for names in [(0..<6).map { "l\($0)" }, ["a", "b", "c", "d", "e", "f"], ["f", "a", "e", "b", "d", "c"]] {
      // Two inverted bottlenecks of the same width; an autoencoder, whose hidden channels may even be on one axis.
      for shapes in [
        [[8, 3], [40, 8], [8, 40], [40, 8], [8, 40], [5, 8]], [[40, 8], [6, 40], [40, 6], [8, 40]],
      ] {
        let list = zip(names, shapes).map { ("\($0).weight", $1) }
        let expands = shapes.indices.filter { shapes[$0][0] == 40 }
        for axes in [["m", "m"], ["m", "n"], ["m"], ["", "n"]] {
          let cuts = zip(expands, axes).filter { !$1.isEmpty }.flatMap { first, axis in
            ["\(names[first]).weight=\(axis),-", "\(names[first + 1]).weight=-,\(axis)"]
          }
          #expect(try halfCuts(list, cuts).map(\.option) == [], "\(list) \(cuts)")
          let isOrdered = names[0] == "l0" || names[0] == "a"
          if isOrdered {
            #expect(try halfCuts(list, cuts, sorted: true).map(\.option) == [], "\(list) \(cuts)")
          }
        }
      }
    }
  }

  @Test("a chain that ends in a bottleneck is no gate")
  func chainEnds() throws {
    // As in networks for super-resolution, and in the predictors of self-supervised training.
    for names in [["a", "b", "c", "d"], ["conv1", "conv2", "conv3", "conv4"]] {
      let list = zip(names, [[40, 3], [40, 40], [6, 40], [40, 6]]).map { ("\($0).weight", $1) }
      let cuts = [
        "\(names[0]).weight=m,-", "\(names[1]).weight=m,m", "\(names[2]).weight=-,m",
      ]
      for sorted in [false, true] {
        #expect(try halfCuts(list, cuts, sorted: sorted).map(\.option) == [], "\(names) \(sorted)")
      }
    }
  }

  @Test("a file whose dtypes come one after the other is sorted within each")
  func sortedByDType() throws {
    let names = ["bn1.weight", "bn2.weight", "conv1.weight", "conv2.weight", "fc.weight"]
    let shapes = [[16], [24], [16, 3, 3, 3], [24, 16, 3, 3], [10, 24]]
    var specs = try zip(names, shapes).map { try TensorSpec(name: TensorName($0), dtype: .f32, shape: $1) }
    specs.insert(try TensorSpec(name: "z.ids", dtype: .i64, shape: [1, 9]), at: 0)
    let cuts = try ["conv1.weight=a,-,-,-"].map(CutOption.init(parsing:))
    let found = try PlanRequest(unitCount: 2, cuts: cuts).propose(for: specs).resolved.halfCuts
    #expect(Set(found.map(\.option)) == ["bn1.weight=a", "conv2.weight=-,a,-,-"])
  }
}

extension HalfCut {
  fileprivate var isContradictory: Bool { if case .contradictory = kind { true } else { false } }
}
