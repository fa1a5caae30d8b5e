/// Networks whose modules share channels in other ways than in a chain.
extension Network {
  /// A gated layer whose names say nothing: the shapes show which two of three weights are combined.
  static let unnamed = [("win", "gate", "wout"), ("w1", "w2", "w3"), ("left", "right", "out")].map {
    a, b, c in
    Network(
      name: "a product of \(a) and \(b)",
      cuts: [a, b].flatMap { ["d.{}.g.\($0).weight=f{},-", "d.{}.g.\($0).bias=f{}"] } + [
        "d.{}.g.\(c).weight=-,f{}"
      ]
    ) { width in
      var weights = Weights()
      for block in 0..<2 {
        for name in [a, b] { weights.linear("d.\(block).g.\(name)", width + 88, 32) }
        weights.linear("d.\(block).g.\(c)", 32, width + 88)
      }
      return weights.list
    }
  }

  /// Two heads that read one layer, and whose outputs are combined.
  static let variational = Network(
    name: "two heads of an encoder",
    cuts: [
      "encoder.fc.weight=h,-", "encoder.fc.bias=h", "encoder.mu.weight=z,h", "encoder.mu.bias=z",
      "encoder.sd.weight=z,h", "encoder.sd.bias=z", "decoder.fc.weight=-,z",
    ]
  ) { width in
    var weights = Weights()
    weights.linear("encoder.fc", width + 80, 100)
    for name in ["mu", "sd"] { weights.linear("encoder.\(name)", width + 12, width + 80) }
    weights.linear("decoder.fc", 60, width + 12)
    return weights.list
  }

  /// A norm without statistics in a block whose inner and outer widths are the same.
  static let narrow = Network(
    name: "a norm inside a block",
    cuts: ["l.{}.c1.weight=f{},-,-,-", "l.{}.b1.weight=f{}", "l.{}.b1.bias=f{}", "l.{}.c2.weight=-,f{},-,-"]
  ) { width in
    var list: [(String, [Int])] = []
    let inner = width + 40
    for block in 0..<2 {
      list += [
        ("l.\(block).c1.weight", [inner, inner, 1, 1]), ("l.\(block).b1.weight", [inner]),
        ("l.\(block).b1.bias", [inner]), ("l.\(block).c2.weight", [inner, inner, 3, 3]),
      ]
    }
    return list
  }

  /// Factors of low rank inside the modules that they adapt.
  static let adapted = Network(
    name: "factors of low rank",
    cuts: [
      "h.{}.up.weight=f{},-", "h.{}.up.lora_B.weight=f{},-", "h.{}.down.weight=-,f{}",
      "h.{}.down.lora_A.weight=-,f{}",
    ]
  ) { width in
    var weights = Weights()
    for block in 0..<2 {
      weights.linear("h.\(block).up", width + 72, 32, bias: false)
      weights.linear("h.\(block).up.lora_A", 4, 32, bias: false)
      weights.linear("h.\(block).up.lora_B", width + 72, 4, bias: false)
      weights.linear("h.\(block).down", 32, width + 72, bias: false)
      weights.linear("h.\(block).down.lora_A", 4, width + 72, bias: false)
      weights.linear("h.\(block).down.lora_B", 32, 4, bias: false)
    }
    return weights.list
  }

  /// A network without blocks, with a gate after each convolution: only numbers tell which two layers belong together.
  static let gates = [("squeeze#", "excite#"), ("se#_fc1", "se#_fc2")].map { reduce, expand in
    @Sendable func name(_ pattern: String, _ stage: Int) -> String {
      pattern.replacing("#", with: "\(stage)")
    }
    return Network(
      name: "gates named \(reduce)",
      cuts: (1...3).flatMap { stage in
        [
          "conv\(stage).weight=c\(stage),\(stage == 1 ? "-" : "c\(stage - 1)"),-,-", "bn\(stage).*=c\(stage)",
          "\(name(reduce, stage)).weight=-,c\(stage)", "\(name(expand, stage)).weight=c\(stage),-",
          "\(name(expand, stage)).bias=c\(stage)",
        ]
      } + ["fc.weight=-,c3"]
    ) { width in
      var weights = Weights()
      for stage in 1...3 {
        let (out, input) = (width + 16 * stage, stage == 1 ? 3 : width + 16 * (stage - 1))
        weights.convolution("conv\(stage)", out, input)
        weights.norm("bn\(stage)", out)
        weights.linear(name(reduce, stage), 4, out)
        weights.linear(name(expand, stage), out, 4)
      }
      weights.linear("fc", 10, width + 48)
      return weights.list
    }
  }

  /// Networks in which names say little, and the cuts that are found if each is left out alone.
  static let shared: [(network: Network, found: [String])] =
    unnamed.map { network in
      (network, network.cuts.filter { $0.contains(".weight") && $0.hasSuffix("=f{},-") })
    } + [
      (variational, ["encoder.mu.weight=z,h", "encoder.sd.weight=z,h", "encoder.fc.weight=h,-"]),
      (narrow, ["l.{}.b1.weight=f{}", "l.{}.b1.bias=f{}"]),
      (adapted, ["h.{}.up.lora_B.weight=f{},-", "h.{}.down.lora_A.weight=-,f{}"]),
    ]
    + gates.map { network in
      let reducing = network.cuts.filter { $0.contains(/^(squeeze|se)\d(_fc1)?\.weight/) }
      return (network, ["fc.weight=-,c3", "conv2.weight=c2,c1,-,-"] + reducing)
    }
}
