import Tensors
import Testing
import UnitModel

@testable import Planning

/// Tensors by name and shape.
func specs(_ list: [(String, [Int])]) throws -> [TensorSpec] {
  try list.map { try TensorSpec(name: TensorName($0.0), dtype: .f32, shape: $0.1) }
}

@Suite("Presets")
struct PresetTests {
  /// A file of a family: every tensor of its table, in `layers` layers, under a prefix.
  private func file(_ family: TransformerFamily, prefix: String, layers: Int) throws -> [TensorSpec] {
    // 6 heads of width 8, 2 of them with keys if keys may be fewer; a feed-forward width of 20.
    let list = try (0..<layers).flatMap { layer in
      try (family.feedForward + family.attention).map { suffix, cut in
        let numbers = cut.split(separator: "*", omittingEmptySubsequences: false).map { part in
          part.hasPrefix("Q")
            ? "24" + part.dropFirst() : part.hasPrefix("K") ? "8" + part.dropFirst() : String(part)
        }.joined(separator: "*")
        let shape = try CutOption.dimensions(numbers, of: cut).map { dimension -> Int in
          guard case .axis(let use) = dimension else { return 48 }
          let channels =
            use.axis.text == "ffn{}" ? 20 : use.axis.text == "shared{}" ? 12 : family.key == nil ? 48 : 2
          return channels * use.inner * use.outer
        }
        let name = suffix.replacing("{}", with: String(layer), maxReplacements: 1)
        return (prefix + name.replacing("{}", with: "1"), shape)
      }
    }
    return try specs(list + [("norm.weight", [48])])
  }

  @Test("every line of every family's table cuts its tensor", arguments: TransformerFamily.all.map(\.name))
  func tables(name: String) throws {
    let family = try #require(TransformerFamily.all.first { $0.name == name })
    #expect(Preset(rawValue: name) != nil)
    for prefix in ["", "model.text."] {
      let specs = try file(family, prefix: prefix, layers: 3)
      for preset in [Preset(rawValue: name), .transformer, nil] {
        #expect(
          preset != nil
            || TransformerFamily.all.first { family in
              (try? family.rules(for: TensorNames(specs: specs), heads: nil) { _ in false }) != nil
            }?.name == name)
        let proposed = try PlanRequest(unitCount: 2, preset: preset, heads: 6).propose(for: specs)
        let whole = proposed.resolved.partition.tensors.filter(\.isWhole).map(\.spec.name.text)
        #expect(whole == ["norm.weight"], "\(name) under '\(prefix)'")
        let heads = proposed.resolved.partition.axes.filter { $0.name.text.hasPrefix("heads") }
        #expect(heads.count == 3)
        // Three heads for each unit, or one group of three with a common key.
        #expect(heads.allSatisfy { $0.units.map(\.count) == (family.key == nil ? [24, 24] : [1, 1]) })
        #expect(proposed.resolved.halfCuts.isEmpty && proposed.resolved.uncutBlocks == nil)
        #expect(try proposed.plan.resolve(against: specs) == proposed.resolved)
        #expect(try Plan(parsing: Array(proposed.plan.text().utf8)) == proposed.plan)
      }
    }
  }

  private func miniLM(layers: Int) throws -> [TensorSpec] {
    var list: [(String, [Int])] = [("embeddings.word_embeddings.weight", [30522, 384])]
    for layer in 0..<layers {
      let name = "encoder.layer.\(layer)."
      for part in ["query", "key", "value"] {
        list.append((name + "attention.self.\(part).weight", [384, 384]))
        list.append((name + "attention.self.\(part).bias", [384]))
      }
      list += [
        (name + "attention.output.dense.weight", [384, 384]), (name + "attention.output.dense.bias", [384]),
        (name + "attention.output.LayerNorm.weight", [384]),
        (name + "intermediate.dense.weight", [1536, 384]),
        (name + "intermediate.dense.bias", [1536]), (name + "output.dense.weight", [384, 1536]),
        (name + "output.dense.bias", [384]),
      ]
    }
    return try specs(list)
  }

  @Test("MiniLM is cut in four along heads and feed-forward, one layer by hand, and the words say so")
  func miniLM() throws {
    let request = PlanRequest(
      unitCount: 4, tasks: ["a", "b"], levels: [.count(1), .count(2), .count(4)],
      axes: [
        try AxisOption(parsing: "ffn1:units=0-95+480-767/96-191+384-479+768-959/192-383+960-1151/1152-1535")
      ],
      preset: .bert, heads: 12)
    let proposed = try request.propose(for: miniLM(layers: 3))
    let partition = proposed.resolved.partition
    #expect(partition.tensors.filter(\.isWhole).count == 1 + 3 * 3)
    let query = try #require(
      partition.tensors.first { $0.spec.name == "encoder.layer.2.attention.self.query.weight" })
    #expect(query.storage.map(\.elementCount) == [36864, 36864, 36864, 36864])
    #expect(
      proposed.words == [
        "recognised tensors of BERT, MiniLM, RoBERTa (preset bert)",
        "heads: 12 of width 32, kept together",
        "cut axis 'ffn1': 1536 channels = 4 × 384, scattered",
        "cut 3 axes 'heads0' … 'heads2': 384 channels = 4 × 96, in granules of 32",
        "cut 2 axes 'ffn0' … 'ffn2': 1536 channels = 4 × 384",
        "30 of 40 tensors are cut, with 31.1 % of the elements",
        "10 tensors are left whole and common, because no cut matches them, or their axis is not cut; the largest: "
          + "'embeddings.word_embeddings.weight' (11,720,448), 'encoder.layer.0.attention.output.LayerNorm.weight' "
          + "(384), 'encoder.layer.0.attention.output.dense.bias' (384)",
        "task 'a' takes units 0, 1, 2, 3 (nearest); its levels use 1, 2, 4 of them",
        "task 'b' takes units 1, 0, 2, 3 (nearest); its levels use 1, 2, 4 of them",
      ])
    #expect(proposed.plan.tasks[1].order?.map(\.index) == [1, 0, 2, 3])
  }

  @Test("without the number of heads attention stays whole, unless an option gives the granule")
  func heads() throws {
    let without = try PlanRequest(unitCount: 4, preset: .bert).propose(for: miniLM(layers: 1))
    #expect(without.resolved.partition.axes.map(\.name.text) == ["ffn0"])
    #expect(
      without.words[1]
        == "attention is left whole: shapes do not show the number of heads; give --heads, "
        + "or --axis 'heads{}:granule=WIDTH'")
    let granule = try PlanRequest(
      unitCount: 4, axes: [AxisOption(parsing: "heads{}:granule=64")], preset: .bert
    ).propose(for: miniLM(layers: 1))
    #expect(
      granule.resolved.partition.axes.first { $0.name == "heads0" }?.units.map(\.count) == [128, 128, 64, 64])
    #expect(
      throws: PlanningError.headsDisagree(
        tensor: "encoder.layer.0.attention.self.query.weight", heads: 7, channels: 384)
    ) { try PlanRequest(unitCount: 4, preset: .bert, heads: 7).propose(for: miniLM(layers: 1)) }
  }

  private func resNet(_ bottleneck: Bool, groups: Int = 1) throws -> [TensorSpec] {
    var list: [(String, [Int])] = [("conv1.weight", [8, 3, 7, 7]), ("bn1.weight", [8])]
    var input = 8
    for stage in 1...3 {
      let width = 8 << (stage - 1)
      let output = bottleneck ? width * 4 : width
      for block in 0..<2 {
        let place = "layer\(stage).\(block)"
        let convolutions =
          bottleneck
          ? [[width, input, 1, 1], [width, width / groups, 3, 3], [output, width, 1, 1]]
          : [[width, input, 3, 3], [output, width, 3, 3]]
        for (index, shape) in convolutions.enumerated() {
          list.append(("\(place).conv\(index + 1).weight", shape))
          for part in ["weight", "bias", "running_mean", "running_var"] {
            list.append(("\(place).bn\(index + 1).\(part)", [shape[0]]))
          }
          list.append(("\(place).bn\(index + 1).num_batches_tracked", []))
        }
        if block == 0 && input != output {
          list.append(("\(place).downsample.0.weight", [output, input, 1, 1]))
          list.append(("\(place).downsample.1.weight", [output]))
        }
        input = output
      }
    }
    return try specs(list + [("fc.weight", [10, input]), ("fc.bias", [10])])
  }

  @Test("residual networks are cut by stage and block, the stem and what adds to it left whole")
  func resNets() throws {
    for bottleneck in [false, true] {
      let proposed = try PlanRequest(unitCount: 4).propose(for: resNet(bottleneck))
      let partition = proposed.resolved.partition
      let whole = partition.tensors.filter { $0.isWhole && !$0.spec.shape.isEmpty }.map(\.spec.name.text)
      // Basic blocks of the first stage add to the stem; a bottleneck's first block has a projection.
      let sums = (0..<2).flatMap { block in
        ["weight", "bias", "running_mean", "running_var"].map { "layer1.\(block).bn2.\($0)" }
      }
      #expect(whole == ["conv1.weight", "bn1.weight"] + (bottleneck ? [] : sums) + ["fc.bias"])
      #expect(proposed.resolved.halfCuts.isEmpty && proposed.resolved.uncutBlocks == nil)
      let first = try #require(partition.tensors.first { $0.spec.name == "layer1.0.conv1.weight" })
      #expect(first.cutDimensions == [0])
      let projection = try #require(
        partition.tensors.first { $0.spec.name == "layer2.0.downsample.0.weight" })
      #expect(
        projection.dimensions.prefix(2)
          == [.axis(AxisUse("layer2")), bottleneck ? .axis(AxisUse("layer1")) : .whole])
      let head = try #require(partition.tensors.first { $0.spec.name == "fc.weight" })
      #expect(head.dimensions == [.whole, .axis(AxisUse("layer3"))])
    }
  }

  @Test(
    "a residual network is found under any prefix, with the same axes, and two networks have axes of their own"
  )
  func prefixes() throws {
    for bottleneck in [false, true] {
      let plain = try PlanRequest(unitCount: 2, preset: .resnet).propose(for: resNet(bottleneck)).resolved
      func named(_ prefix: String) throws -> [TensorSpec] {
        try resNet(bottleneck).map {
          try TensorSpec(name: TensorName(prefix + $0.name.text), dtype: $0.dtype, shape: $0.shape)
        }
      }
      for prefix in ["module.", "model.", "backbone.", "encoder.", "model.module.net."] {
        for preset in [Preset.resnet, nil] {
          let proposed = try PlanRequest(unitCount: 2, preset: preset).propose(for: named(prefix))
          #expect(proposed.resolved.partition.axes == plain.partition.axes)
          #expect(
            proposed.resolved.partition.tensors.map(\.dimensions) == plain.partition.tensors.map(\.dimensions)
          )
          #expect(proposed.plan.tensors.allSatisfy { $0.selector.text.hasPrefix(prefix) })
          #expect(proposed.words[0].hasSuffix("names under '\(prefix)' (preset resnet)"))
          #expect(proposed.resolved.halfCuts.isEmpty)
        }
      }
      let both = try PlanRequest(unitCount: 2, preset: .resnet).propose(for: named("a.") + named("b."))
      #expect(both.resolved.partition.axes.count == 2 * plain.partition.axes.count)
      #expect(both.resolved.partition.axes.allSatisfy { ["a.", "b."].contains($0.name.text.prefix(2)) })
    }
  }

  @Test("a grouped convolution is left whole, and so is what feeds it")
  func grouped() throws {
    let proposed = try PlanRequest(unitCount: 2, preset: .resnet).propose(for: resNet(true, groups: 2))
    let tensors = proposed.resolved.partition.tensors
    #expect(tensors.first { $0.spec.name == "layer2.1.conv2.weight" }?.isWhole == true)
    #expect(tensors.first { $0.spec.name == "layer2.1.conv1.weight" }?.cutDimensions == [1])
    #expect(tensors.first { $0.spec.name == "layer2.1.conv3.weight" }?.cutDimensions == [0])
    #expect(proposed.words.contains { $0.hasPrefix("'layer1.0' is left whole between its convolutions") })
  }

  @Test("names that no preset knows are an error that shows what was looked for")
  func unknown() throws {
    let file = try specs([("encodr.layer.0.intermediate.dense.weight", [4, 4]), ("x", [2])])
    let error = #expect(throws: PlanningError.self) {
      try PlanRequest(unitCount: 2, preset: .bert).propose(for: file)
    }
    #expect(
      error?.description
        == "--preset bert: expected tensors named like 'encoder.layer.{}.intermediate.dense.weight', found none; "
        + "the nearest name is 'encodr.layer.0.intermediate.dense.weight'")
    let words = try PlanRequest(unitCount: 2).propose(for: file).words
    #expect(
      words[0] == "no known architecture was recognised: every tensor is left whole; give --cut or --preset")
  }

  @Test("two encoders in one file have axes of their own")
  func twoEncoders() throws {
    let family = TransformerFamily.all[0]
    let both =
      try file(family, prefix: "text.", layers: 1) + file(family, prefix: "vision.", layers: 1).dropLast()
    let proposed = try PlanRequest(unitCount: 2, heads: 6).propose(for: both)
    #expect(
      Set(proposed.resolved.partition.axes.map(\.name.text))
        == ["text.ffn0", "text.heads0", "vision.ffn0", "vision.heads0"])
  }

  @Test("cuts by hand count before a preset, and alone when there is none")
  func byHand() throws {
    let cut = try CutOption(parsing: "encoder.layer.0.intermediate.*=special")
    let file = try miniLM(layers: 1)
    #expect(throws: PlanningError.self) { try PlanRequest(unitCount: 2, cuts: [cut]).propose(for: file) }
    let one = try CutOption(parsing: "encoder.layer.{}.intermediate.dense.bias=own{}")
    let alone = try PlanRequest(unitCount: 2, cuts: [one]).propose(for: file)
    #expect(alone.resolved.partition.axes.map(\.name.text) == ["own0"])
    let both = try PlanRequest(unitCount: 2, cuts: [one], preset: .bert).propose(for: file)
    #expect(both.resolved.partition.axes.map(\.name.text) == ["own0", "ffn0"])
    #expect(both.plan.tensors.count { $0.selector.text == one.pattern.text } == 1)
    let levels = try LevelsOption(parsing: "1,[0,3]").levels
    let listed = try PlanRequest(unitCount: 4, levels: levels, cuts: [one]).propose(for: file)
    #expect(
      listed.words.last == "task 'all' takes units 0, 1, 2, 3 (nearest); its levels use units [0], [0, 3]")
    #expect(
      throws: PlanningError.badOption(
        option: "--units", text: "1", expected: "at least as many units as tasks (2) for rule 'adjacent'",
        found: "1")
    ) {
      try PlanRequest(unitCount: 1, tasks: ["a", "b"], rule: .adjacent).propose(for: file)
    }
  }
}
