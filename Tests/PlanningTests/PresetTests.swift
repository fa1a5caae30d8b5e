import Foundation
import Tensors
import TestSupport
import Testing
import UnitModel

@testable import Planning

/// Tensors by name and shape.
func specs(_ list: [(String, [Int])]) throws -> [TensorSpec] {
  try list.map { try TensorSpec(name: TensorName($0.0), dtype: .f32, shape: $0.1) }
}

@Suite("Presets")
struct PresetTests {
  /// A file of an architecture: every tensor of its document, in `layers` layers, under a prefix.
  private func file(_ architecture: Architecture, prefix: String, layers: Int) throws -> [TensorSpec] {
    // 6 query heads and 2 key heads of width 8, if keys may be fewer; feed-forward layers of 20 channels.
    let keys = Self.hasKeys(architecture) ? 2 : 6
    var list: [(String, [Int])] = []
    for layer in 0..<layers {
      for group in architecture.groups {
        for (suffix, text) in group.tensors {
          let isQuery = suffix.contains(#/q_proj|o_proj|attn_q|attn_output|dense.weight|sinks/#)
          let width = suffix.contains("sinks") ? 1 : 8
          // 4 experts in a layer.
          let others = group.experts != nil ? 4 : group.layers != nil ? layers : 20
          let numbers = text.replacing("?", with: "\(isQuery ? width * 6 / keys : width)")
            .replacing("Q", with: "\(8 * 6 / keys)").replacing("K", with: "8")
          let shape = try CutOption.dimensions(numbers, of: text).map { dimension -> Int in
            let channels = group.heads == nil ? others : keys
            switch dimension {
            case .axis(let use): return channels * use.inner * use.outer
            case .concat(let parts):
              return parts.reduce(0) { sum, part in
                guard case .axis(let use) = part else { return sum }
                return sum + channels * use.inner * use.outer
              }
            default: return 48
            }
          }
          let name = suffix.replacing("{}", with: String(layer), maxReplacements: 1)
          let whole = prefix + name.replacing("{}", with: "1")
          guard let known = list.firstIndex(where: { $0.0 == whole }) else {
            list.append((whole, shape))
            continue
          }
          // Stacked experts have axes of two groups.
          let items = text.split(separator: ",", omittingEmptySubsequences: false)
          for (place, item) in items.enumerated() where item != "-" { list[known].1[place] = shape[place] }
        }
      }
      let marker = architecture.marker.replacing("{}", with: String(layer), maxReplacements: 1)
      let whole = prefix + marker.replacing("{}", with: "1")
      if !list.contains(where: { $0.0 == whole }) { list.append((whole, [48])) }
    }
    return try specs(list + [("norm.weight", [48])])
  }

  /// The architectures whose tensors have the names of another one, which is tried first.
  private static let namesakes = [
    "olmoe": "qwen-moe", "cohere": "llama", "smollm3": "llama", "olmo": "llama", "qwen3_vl": "llama",
    "stablelm": "llama", "gpt_bigcode": "gpt2", "minimax": "mixtral", "marian": "whisper", "xglm": "biogpt",
    "ijepa": "vit-hf", "vit_mae": "vit-hf",
  ]

  /// The ends of names of markers that no group cuts.
  private static let markers = [
    "lambda1", "lambda_1", "prediction_coefs.weight", "word_embeddings_layernorm.weight",
    "in_proj_qkvz.weight",
    "self_attention.query_key_value.weight", "attn.c_attn.weight", "attn.qkv_proj.weight",
  ]

  private static func hasKeys(_ architecture: Architecture) -> Bool {
    architecture.groups.contains { $0.heads?.keyCountKey != nil }
  }

  /// The numbers of a config.json for `file`.
  private func sizes(_ architecture: Architecture, type: String?, hasWidths: Bool = true) -> ModelSizes {
    var objects: [String?: [String: Int]] = [:]
    for group in architecture.groups {
      if let key = group.heads?.countKey { objects[group.object, default: [:]][key] = 6 }
      if let key = group.heads?.keyCountKey { objects[group.object, default: [:]][key] = 2 }
    }
    let parts = objects.compactMap { key, value in key.map { ($0, value) } }
    return ModelSizes(
      modelType: type, values: objects[nil] ?? [:], objects: Dictionary(uniqueKeysWithValues: parts))
  }

  @Test("every line of every document cuts its tensor", arguments: Architecture.names)
  func documents(id: String) throws {
    let architecture = try #require(Architecture.candidates(named: id).first { _ in true })
    let preset = try #require(Preset(named: id))
    for prefix in ["", "model.text."] {
      let specs = try file(architecture, prefix: prefix, layers: 3)
      var request = PlanRequest(
        unitCount: 2, preset: preset, groups: Array(Set(architecture.groups.map(\.name))), heads: 6)
      // Some architectures have the names of another one; only config.json tells them apart.
      let byName = Architecture.candidates().first { found in
        (try? found.rules(
          for: ArchitectureUse(names: TensorNames(specs: specs), sizes: nil, heads: nil, groups: nil)))
          != nil
      }
      #expect(byName?.id == Self.namesakes[id] ?? id)
      for sizes in [nil, sizes(architecture, type: architecture.modelTypes.first)] {
        request.sizes = sizes
        if sizes == nil,
          architecture.groups.contains(where: { $0.heads?.keyCountKey != nil && $0.heads?.key == nil })
        {
          // Queries and keys in one tensor: only config.json tells them apart.
          continue
        }
        let proposed = try request.propose(for: specs)
        let whole = proposed.resolved.partition.tensors.filter(\.isWhole).map(\.spec.name.text)
        // These are units of a layer, which no dimension shows.
        let markers = whole.filter { name in Self.markers.contains { name.hasSuffix($0) } }
        #expect(whole.filter { $0 != "norm.weight" } == markers, "\(id) under '\(prefix)'")
        let heads = proposed.resolved.partition.axes.filter { $0.name.text.contains("heads") }
        let keys = Self.hasKeys(architecture) ? 2 : 6
        #expect(heads.allSatisfy { $0.units.map(\.count) == [keys / 2, keys / 2] })
        #expect(heads.isEmpty == !architecture.groups.contains { $0.heads != nil })
        #expect(proposed.resolved.uncutBlocks == nil)
        #expect(try proposed.plan.resolve(against: specs) == proposed.resolved)
        #expect(try Plan(parsing: Array(proposed.plan.text().utf8)) == proposed.plan)
      }
    }
  }

  @Test("the documents are the files in Architectures/")
  func folder() throws {
    let files = try FileManager.default.contentsOfDirectory(
      atPath: SourceFolder.root + "/Sources/Planning/Architectures")
    #expect(Set(files) == Set(Architecture.names.map { $0 + ".json" }))
    for file in files {
      let bytes = try Array(
        Data(contentsOf: URL(filePath: SourceFolder.root + "/Sources/Planning/Architectures/" + file)))
      let architecture = try Architecture(parsing: bytes)
      #expect(architecture.id + ".json" == file)
      #expect(Architecture.candidates(named: architecture.id).map(\.id) == [architecture.id])
      for type in architecture.modelTypes { #expect(Architecture.of(type: type)?.id == architecture.id) }
    }
    #expect(Architecture.candidates(type: "phi3").prefix(2).map(\.id) == ["phi3", Architecture.names[0]])
    #expect(Architecture.of(type: "") == nil && Architecture.of(type: "hidden_size") == nil)
  }

  @Test("a number of heads that no model has is refused")
  func hostileHeads() throws {
    for id in ["gpt2", "phi3", "modernbert"] {
      let architecture = try #require(Architecture.candidates(named: id).first { _ in true })
      let keys = architecture.groups.compactMap { $0.heads?.countKey }
      let key = try #require(keys.first)
      var request = PlanRequest(unitCount: 2, preset: Preset(named: id), groups: ["heads"])
      request.sizes = ModelSizes(modelType: architecture.modelTypes[0], values: [key: 1 << 62])
      let file = try file(architecture, prefix: "", layers: 1)
      #expect(throws: PlanningError.self) { try request.propose(for: file) }
    }
  }

  @Test("a document with a malformed sum of keys is refused, with its place")
  func malformedRows() throws {
    let path = SourceFolder.root + "/Sources/Planning/Architectures/llama.json"
    let text = try String(decoding: TemporaryFolder.bytes(of: path), as: UTF8.self)
    for wrong in ["hidden_size*", "+hidden_size", "a||b", ""] {
      let other = text.replacing("weight\": \"hidden_size\"", with: "weight\": \"\(wrong)\"")
      #expect(other != text)
      let error = #expect(throws: PlanError.self) { try Architecture(parsing: Array(other.utf8)) }
      #expect(error?.description.contains("expected keys joined by |, * and +") == true, "\(wrong)")
    }
  }

  @Test(
    "config.json names the architecture, and heads that no loader accepts stay whole unless they are asked for"
  )
  func configured() throws {
    let bert = try #require(Architecture.candidates(named: "bert").first { _ in true })
    let file = try file(bert, prefix: "", layers: 1)
    var request = PlanRequest(unitCount: 2)
    request.sizes = sizes(bert, type: "bert")
    let proposed = try request.propose(for: file)
    #expect(proposed.resolved.partition.axes.map(\.name.text) == ["ffn0"])
    #expect(
      proposed.words.contains { $0.hasPrefix("attention is left whole: its loaders compute the width") })
    request.groups = ["heads"]
    #expect(try request.propose(for: file).resolved.partition.axes.map(\.name.text) == ["heads0"])
    request.groups = ["ffn", "hads"]
    let error = #expect(throws: PlanningError.self) { try request.propose(for: file) }
    #expect(
      error?.description
        == "--cut 'hads': expected a cut (PATTERN=DIMENSION,…), or one of ffn, heads, layers, found 'hads'")
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
      preset: Preset(named: "bert"), heads: 12)
    let proposed = try request.propose(for: miniLM(layers: 3))
    let partition = proposed.resolved.partition
    #expect(partition.tensors.filter(\.isWhole).count == 1 + 3 * 3)
    let query = try #require(
      partition.tensors.first { $0.spec.name == "encoder.layer.2.attention.self.query.weight" })
    #expect(query.blocks.map(\.elementCount) == [36864, 36864, 36864, 36864])
    #expect(
      proposed.words == [
        "recognised tensors of BERT, MiniLM, RoBERTa (preset bert)",
        "heads: 12, each kept whole",
        "cut axis 'ffn1': 1536 channels = 4 × 384, scattered",
        "cut 2 axes 'ffn0' … 'ffn2': 1536 channels = 4 × 384",
        "cut 3 axes 'heads0' … 'heads2': 12 channels = 4 × 3",
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
    let without = try PlanRequest(unitCount: 4, preset: Preset(named: "bert")).propose(for: miniLM(layers: 1))
    #expect(without.resolved.partition.axes.map(\.name.text) == ["ffn0"])
    #expect(
      without.words[1] == "attention is left whole: shapes do not show the number of heads; give --heads")
    #expect(
      throws: PlanningError.headsDisagree(
        tensor: "encoder.layer.0.attention.self.query.weight", heads: 7, channels: 384)
    ) {
      try PlanRequest(unitCount: 4, preset: Preset(named: "bert"), heads: 7).propose(for: miniLM(layers: 1))
    }
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
    let file = try specs([("encodr.layer.0.attention.self.query.weight", [4, 4]), ("x", [2])])
    let error = #expect(throws: PlanningError.self) {
      try PlanRequest(unitCount: 2, preset: Preset(named: "bert")).propose(for: file)
    }
    #expect(
      error?.description
        == "--preset bert: expected tensors named like 'encoder.layer.{}.attention.self.query.weight', found none; "
        + "the nearest name is 'encodr.layer.0.attention.self.query.weight'")
    let words = try PlanRequest(unitCount: 2).propose(for: file).words
    #expect(
      words[0] == "no known architecture was recognised: every tensor is left whole; give --cut or --preset")
  }

  @Test("two encoders in one file have axes of their own")
  func twoEncoders() throws {
    let bert = try #require(Architecture.candidates(named: "bert").first { _ in true })
    let both =
      try file(bert, prefix: "text.", layers: 1) + file(bert, prefix: "vision.", layers: 1).dropLast()
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
    let both = try PlanRequest(unitCount: 2, cuts: [one], preset: Preset(named: "bert")).propose(for: file)
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
