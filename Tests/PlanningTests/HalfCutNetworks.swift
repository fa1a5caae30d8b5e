import Tensors
import Testing

@testable import Planning

/// Tensors of small networks with PyTorch's names.
struct Weights {
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

  /// An inverted bottleneck whose depthwise convolution is weighted by squeeze and excitation.
  mutating func bottleneck(
    _ block: String, expand: String, _ norms: [String], squeeze: (String, String), project: String,
    inner: Int, outer: Int
  ) {
    convolution("\(block).\(expand)", inner, outer, kernel: 1)
    norm("\(block).\(norms[0])", inner)
    convolution("\(block).dw", inner, 1)
    norm("\(block).\(norms[1])", inner)
    convolution("\(block).\(squeeze.0)", 6, inner, kernel: 1, bias: true)
    convolution("\(block).\(squeeze.1)", inner, 6, kernel: 1, bias: true)
    convolution("\(block).\(project)", outer, inner, kernel: 1)
  }

  /// In the order of definition, or sorted by name as safetensors files are.
  func specs(sorted: Bool) throws -> [TensorSpec] {
    try specsOf(
      sorted ? list.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) } : list)
  }
}

/// The free function of `PresetTests`, which members of the same name hide.
func specsOf(_ list: [(String, [Int])]) throws -> [TensorSpec] { try specs(list) }

/// A network, and the cuts of a complete plan for it.
struct Network: CustomTestStringConvertible, Sendable {
  let name: String
  let cuts: [String]
  /// The starts of the cuts of modules that pass channels on, which do not reveal their makers.
  var passing: [String] = []
  let make: @Sendable (_ width: Int) -> [(String, [Int])]

  var testDescription: String { name }

  func specs(sorted: Bool, width: Int = 0) throws -> [TensorSpec] {
    try Weights(list: make(width)).specs(sorted: sorted)
  }

  /// Weights that are named like modules, as in files of NumPy, with and without biases.
  static let bare = Network(
    name: "names without a parameter",
    cuts: ["enc{}.up=f{},-", "enc{}.up_b=f{}", "enc{}.down=-,f{}", "dec{}.up=g{},-", "dec{}.down=-,g{}"]
  ) { width in
    (0..<3).flatMap { n in
      [
        ("enc\(n).up", [width + 12, 6]), ("enc\(n).up_b", [width + 12]), ("enc\(n).down", [6, width + 12]),
        ("dec\(n).up", [width + 20, 6]), ("dec\(n).down", [6, width + 20]),
      ]
    }
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

  /// Two bidirectional layers, each with its own hidden channels.
  static let bidirectional = Network(
    name: "an LSTM in both directions",
    cuts: [
      "lstm.weight_ih_l0=4*a,-", "lstm.weight_hh_l0=4*a,a", "lstm.bias_*_l0=4*a",
      "lstm.weight_ih_l0_reverse=4*b,-", "lstm.weight_hh_l0_reverse=4*b,b", "lstm.bias_*_l0_reverse=4*b",
      "lstm.weight_ih_l1=4*c,a+b", "lstm.weight_hh_l1=4*c,c", "lstm.bias_*_l1=4*c",
      "lstm.weight_ih_l1_reverse=4*d,a+b", "lstm.weight_hh_l1_reverse=4*d,d", "lstm.bias_*_l1_reverse=4*d",
      "fc.weight=-,c+d",
    ]
  ) { width in recurrentWeights("lstm", gates: 4, layers: 2, width + 12, input: 7) }

  /// Three layers of one direction.
  static let layered = Network(
    name: "a GRU of three layers",
    cuts: (0..<3).flatMap { layer in
      [
        "gru.weight_ih_l\(layer)=3*h\(layer),\(layer == 0 ? "-" : "h\(layer - 1)")",
        "gru.weight_hh_l\(layer)=3*h\(layer),h\(layer)", "gru.bias_*_l\(layer)=3*h\(layer)",
      ]
    } + ["fc.weight=-,h2"]
  ) { width in
    recurrentWeights("gru", gates: 3, layers: 3, width + 10, input: 6, directions: [""])
  }

  private static func recurrentWeights(
    _ name: String, gates: Int, layers: Int, _ hidden: Int, input: Int,
    directions: [String] = ["", "_reverse"]
  ) -> [(String, [Int])] {
    var list: [(String, [Int])] = []
    for layer in 0..<layers {
      for direction in directions {
        let end = "_l\(layer)\(direction)"
        list += [
          ("\(name).weight_ih\(end)", [gates * hidden, layer == 0 ? input : directions.count * hidden]),
          ("\(name).weight_hh\(end)", [gates * hidden, hidden]), ("\(name).bias_ih\(end)", [gates * hidden]),
          ("\(name).bias_hh\(end)", [gates * hidden]),
        ]
      }
    }
    return list + [("fc.weight", [5, directions.count * hidden]), ("fc.bias", [5])]
  }

  /// Names of the two modules of a squeeze in several libraries.
  static let squeezes = [
    ("se.conv_reduce", "se.conv_expand"), ("se.fc1", "se.fc2"), ("_se_reduce", "_se_expand"),
    ("squeeze_excite.reduce", "squeeze_excite.expand"), ("2.fc1", "2.fc2"), ("se.fc.0", "se.fc.2"),
    ("attention.fc.0", "attention.fc.2"), ("gate.down", "gate.up"), ("calib.b", "calib.a"),
    ("attn.fc1", "attn.fc2"),
  ]

  /// An inverted bottleneck whose depthwise convolution is weighted by squeeze and excitation.
  static let squeezed = squeezes.map { reduce, expand in
    Network(
      name: "a squeeze named \(reduce)",
      cuts: [
        "b.expand.weight=m,-,-,-", "b.expand_bn.*=m", "b.dw.weight=m,-,-,-", "b.dw_bn.*=m",
        "b.\(reduce).weight=-,m,-,-", "b.\(expand).weight=m,-,-,-", "b.\(expand).bias=m",
        "b.project.weight=-,m,-,-",
      ], passing: ["b.\(reduce)", "b.\(expand)"]
    ) { width in
      var weights = Weights()
      weights.bottleneck(
        "b", expand: "expand", ["expand_bn", "dw_bn"], squeeze: (reduce, expand), project: "project",
        inner: width + 48, outer: 16)
      return weights.list
    }
  }

  /// Squeeze and excitation in a network without blocks: only numbers in names show which module follows which.
  static let flatSqueezes = [
    ("stem", "dw", "se1", "se2", "b2", 3), ("l0", "l1", "l2", "l3", "l4", 3), ("0", "1", "3", "4", "6", 12),
    ("first", "depth", "narrow", "restore", "last", 3),
    ("b.stem", "b.conv", "b.att_down", "b.att_up", "b.out", 3), ("b.ex", "b.dw", "b.s1", "b.s2", "b.pj", 12),
  ].map { stem, depthwise, reduce, expand, project, channels in
    Network(
      name: "a squeeze beside \(stem)",
      cuts: [
        "\(stem).weight=m,-,-,-", "\(depthwise).weight=m,-,-,-", "\(reduce).weight=-,m,-,-",
        "\(expand).weight=m,-,-,-", "\(expand).bias=m", "\(project).weight=-,m,-,-",
      ], passing: [depthwise, reduce, expand]
    ) { width in
      var weights = Weights()
      weights.convolution(stem, width + 40, channels)
      weights.convolution(depthwise, width + 40, 1)
      weights.convolution(reduce, 6, width + 40, kernel: 1, bias: true)
      weights.convolution(expand, width + 40, 6, kernel: 1, bias: true)
      weights.convolution(project, 12, width + 40, kernel: 1)
      return weights.list
    }
  }

  /// A gate of one layer, which reads the channels that it weights.
  static let square = Network(
    name: "a gate of one layer",
    cuts: [
      "b.first.conv.weight=m,-,-,-", "b.first.norm.*=m", "b.gate.weight=m,m,-,-", "b.gate.bias=m",
      "b.last.conv.weight=-,m,-,-",
    ]
  ) { width in
    var weights = Weights()
    weights.convolution("b.first.conv", width + 40, 12)
    weights.norm("b.first.norm", width + 40)
    weights.convolution("b.gate", width + 40, width + 40, kernel: 1, bias: true)
    weights.convolution("b.last.conv", 12, width + 40, kernel: 1)
    return weights.list
  }

  /// Squeeze and excitation with Keras's names and layout, [1, 1, in, out].
  static let kerasSqueeze = Network(
    name: "a squeeze of Keras",
    cuts: [
      "b1a_expand_conv/kernel=-,-,-,m", "b1a_expand_bn/*=m", "b1a_dwconv/depthwise_kernel=-,-,m,-",
      "b1a_bn/*=m", "b1a_se_reduce/kernel=-,-,m,-", "b1a_se_expand/kernel=-,-,-,m", "b1a_se_expand/bias=m",
      "b1a_project_conv/kernel=-,-,m,-",
    ], passing: ["b1a_bn", "b1a_se"]
  ) { width in
    let inner = width + 48
    func norm(_ name: String, _ size: Int) -> [(String, [Int])] {
      ["gamma", "beta", "moving_mean", "moving_variance"].map { ("\(name)/\($0)", [size]) }
    }
    return [("b1a_expand_conv/kernel", [1, 1, 16, inner])] + norm("b1a_expand_bn", inner) + [
      ("b1a_dwconv/depthwise_kernel", [3, 3, inner, 1])
    ] + norm("b1a_bn", inner) + [
      ("b1a_se_reduce/kernel", [1, 1, inner, 6]), ("b1a_se_reduce/bias", [6]),
      ("b1a_se_expand/kernel", [1, 1, 6, inner]), ("b1a_se_expand/bias", [inner]),
      ("b1a_project_conv/kernel", [1, 1, inner, 16]),
    ] + norm("b1a_project_bn", 16)
  }

  /// Queries in groups of four heads, each with one key head of five channels.
  static let grouped = Network(
    name: "grouped queries",
    cuts: [
      "layers.{}.self_attn.q_proj.weight=h{}*20,-", "layers.{}.self_attn.q_proj.bias=h{}*20",
      "layers.{}.self_attn.k_proj.weight=h{}*5,-", "layers.{}.self_attn.k_proj.bias=h{}*5",
      "layers.{}.self_attn.v_proj.weight=h{}*5,-", "layers.{}.self_attn.v_proj.bias=h{}*5",
      "layers.{}.self_attn.o_proj.weight=-,h{}*20",
    ]
  ) { width in
    var weights = Weights()
    let heads = width / 4 + 3
    for layer in 0..<2 {
      for (name, size) in [("q", heads * 20), ("k", heads * 5), ("v", heads * 5)] {
        weights.linear("layers.\(layer).self_attn.\(name)_proj", size, 64)
      }
      weights.linear("layers.\(layer).self_attn.o_proj", 64, heads * 20, bias: false)
    }
    return weights.list
  }

  /// Attention with the names of Meta's Llama.
  static let short = Network(
    name: "attention as Llama's first files name it",
    cuts: ["wq", "wk", "wv"].map { "layers.{}.attention.\($0).weight=h{}*8,-" }
      + ["layers.{}.attention.wo.weight=-,h{}*8"]
  ) { width in
    var weights = Weights()
    for layer in 0..<2 {
      let inner = width * 2 + 32
      for name in ["wq", "wk", "wv"] {
        weights.linear("layers.\(layer).attention.\(name)", inner, 72, bias: false)
      }
      weights.linear("layers.\(layer).attention.wo", 72, inner, bias: false)
    }
    return weights.list
  }

  /// Attention whose projections are in two parents, the later one first by name.
  static let encoder = Network(
    name: "attention as BERT names it",
    cuts: ["query", "key", "value"].map { "e.{}.attention.self.\($0).*=h{}" }.flatMap {
      [$0.replacing("*", with: "weight") + ",-", $0.replacing("*", with: "bias")]
    } + ["e.{}.attention.output.dense.weight=-,h{}"]
  ) { width in
    var weights = Weights()
    for layer in 0..<2 {
      for name in ["query", "key", "value"] {
        weights.linear("e.\(layer).attention.self.\(name)", width + 24, width + 24)
      }
      weights.linear("e.\(layer).attention.output.dense", width + 24, width + 24)
    }
    return weights.list
  }

  /// Blocks whose numbered norms come first by name, and whose last modules come first by name.
  static let numbered = Network(
    name: "norms named by numbers only",
    cuts: [
      "m.{}.up.weight=e{},-,-,-", "m.{}.n1.*=e{}", "m.{}.dw.weight=e{},-,-,-", "m.{}.n2.*=e{}",
      "m.{}.se.a.weight=-,e{},-,-", "m.{}.se.b.weight=e{},-,-,-", "m.{}.se.b.bias=e{}",
      "m.{}.down.weight=-,e{},-,-",
    ], passing: ["m.{}.n", "m.{}.se"]
  ) { width in
    var weights = Weights()
    for block in 0..<2 {
      let inner = width + 28 + 8 * block
      weights.bottleneck(
        "m.\(block)", expand: "up", ["n1", "n2"], squeeze: ("se.a", "se.b"), project: "down",
        inner: inner, outer: 12)
      weights.norm("m.\(block).n3", 12)
    }
    return weights.list
  }

  /// Convolutions and a dense layer with other names of weights: [out, in, kh, kw] and [out, in], or turned as in
  /// Keras.
  static let kernels = ["kernel", "conv_kernel", "w", "weights"].flatMap { leaf in
    [(false, true), (true, true), (false, false), (true, false)].map { isTurned, hasBias in
      func cut(_ name: String, _ out: String, _ input: String, rank: Int = 4) -> String {
        let rest = [String](repeating: "-", count: rank - 2)
        return "\(name).\(leaf)="
          + (isTurned ? rest + [input, out] : [out, input] + rest).joined(separator: ",")
      }
      return Network(
        name:
          "convolutions with \(leaf), \(isTurned ? "turned" : "as in PyTorch")\(hasBias ? "" : ", no biases")",
        cuts: [
          cut("a", "c", "-"), cut("b", "d", "c"), cut("p", "e", "d"), cut("q", "f", "e"),
          cut("out", "-", "f", rank: 2),
        ] + (hasBias ? ["a.bias=c", "b.bias=d", "p.bias=e", "q.bias=f"] : [])
      ) { width in
        var list: [(String, [Int])] = []
        func add(_ name: String, _ out: Int, _ input: Int, _ positions: [Int]) {
          list.append(("\(name).\(leaf)", isTurned ? positions + [input, out] : [out, input] + positions))
          if hasBias || name == "out" { list.append(("\(name).bias", [out])) }
        }
        add("a", width + 16, 3, [3, 3])
        add("b", width + 24, width + 16, [5, 3])
        add("p", width + 36, width + 24, [1, 1])
        add("q", width + 20, width + 36, [3, 1])
        add("out", 10, width + 20, [])
        return list
      }
    }
  }

  /// Depthwise convolutions in Keras's layout, [kh, kw, C, 1].
  static let depthwise = [
    ("dw/depthwise_kernel", true, true), ("dw/kernel", true, false), ("x/depthwise_kernel", false, true),
    ("dw/kernel", false, false), ("x/kernel", true, true),
  ].map { kernel, hasBias, hasNorm in
    let module = kernel.prefix { $0 != "/" }
    return Network(
      name: "\(kernel)\(hasBias ? ", bias" : "")\(hasNorm ? ", norm" : "")",
      cuts: ["stem/kernel=-,-,-,c", "\(kernel)=-,-,c,-", "pw/kernel=-,-,c,p", "pw_bn/*=p", "top/kernel=p,-"]
        + (hasBias ? ["stem/bias=c", "\(module)/bias=c"] : [])
        + (hasNorm ? ["stem_bn/*=c", "\(module)_bn/*=c"] : [])
    ) { width in
      var list: [(String, [Int])] = []
      func add(_ name: String, _ shape: [Int], _ size: Int, bias: Bool, norm: Bool) {
        let module = name.prefix { $0 != "/" }
        list.append((name, shape))
        if bias { list.append(("\(module)/bias", [size])) }
        let parts = norm ? ["gamma", "beta", "moving_mean", "moving_variance"] : []
        list += parts.map { ("\(module)_bn/\($0)", [size]) }
      }
      let (inner, outer) = (width + 16, width + 28)
      add("stem/kernel", [3, 3, 3, inner], inner, bias: hasBias, norm: hasNorm)
      add(kernel, [3, 3, inner, 1], inner, bias: hasBias, norm: hasNorm)
      add("pw/kernel", [1, 1, inner, outer], outer, bias: false, norm: true)
      add("top/kernel", [outer, 10], 10, bias: true, norm: false)
      return list
    }
  }

  /// Two stages of residual blocks, whose streams are cut; the second begins with a shortcut.
  static let residual = Network(
    name: "residual blocks",
    cuts: [
      "conv1.weight=s,-,-,-", "bn1.*=s", "layer1.{}.conv1.weight=a{},s,-,-", "layer1.{}.bn1.*=a{}",
      "layer1.{}.conv2.weight=s,a{},-,-", "layer1.{}.bn2.*=s", "layer2.0.conv1.weight=b0,s,-,-",
      "layer2.1.conv1.weight=b1,t,-,-", "layer2.{}.bn1.*=b{}", "layer2.{}.conv2.weight=t,b{},-,-",
      "layer2.{}.bn2.*=t", "layer2.0.downsample.0.weight=t,s,-,-", "layer2.0.downsample.1.*=t",
      "fc.weight=-,t",
    ]
  ) { width in
    var weights = Weights()
    let stages = [width + 16, width + 32]
    weights.convolution("conv1", stages[0], 3, kernel: 7)
    weights.norm("bn1", stages[0])
    for (stage, size) in stages.enumerated() {
      for block in 0..<2 {
        let input = block == 0 ? stages[0] : size
        weights.convolution("layer\(stage + 1).\(block).conv1", size, input)
        weights.norm("layer\(stage + 1).\(block).bn1", size)
        weights.convolution("layer\(stage + 1).\(block).conv2", size, size)
        weights.norm("layer\(stage + 1).\(block).bn2", size)
        if size != input {
          weights.convolution("layer\(stage + 1).\(block).downsample.0", size, input, kernel: 1)
          weights.norm("layer\(stage + 1).\(block).downsample.1", size)
        }
      }
    }
    weights.linear("fc", 10, stages[1])
    return weights.list
  }

  /// Blocks whose numbers are part of a component.
  static let named = Network(
    name: "blocks named block_0",
    cuts: [
      "block_{}.widen.weight=e{},-,-,-", "block_{}.widen_norm.*=e{}", "block_{}.narrow.weight=-,e{},-,-",
    ]
  ) { width in
    var weights = Weights()
    for block in 0..<3 {
      weights.convolution("block_\(block).widen", width + 40, 12, kernel: 1)
      weights.norm("block_\(block).widen_norm", width + 40)
      weights.convolution("block_\(block).narrow", 12, width + 40, kernel: 1)
    }
    return weights.list
  }

  static let all =
    [
      cnn, flattened, inverted, recurrent, gated, turned, bidirectional, layered, grouped, encoder, numbered,
      short, bare,
    ] + squeezed + flatSqueezes + kernels + depthwise + [
      residual, named, square, kerasSqueeze, kerasFlattened,
    ]
}
