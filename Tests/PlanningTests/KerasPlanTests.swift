import Tensors
import Testing
import UnitModel

@testable import Planning

/// Networks with the names of keras.applications; kernels are height × width × inputs × outputs.
@Suite("Plans for Keras")
struct KerasPlanTests {
  private static func norm(_ name: String, _ size: Int) -> [(String, [Int])] {
    ["gamma", "beta", "moving_mean", "moving_variance"].map { ("\(name)/\($0)", [size]) }
  }

  /// The dimensions of a tensor in the notation of `--cut`.
  private static func text(_ tensor: TensorPlacement) -> String {
    tensor.dimensions.map { $0 == .whole ? "-" : $0.axes.map(\.text).joined(separator: "+") }
      .joined(separator: ",")
  }

  private func plan(_ list: [(String, [Int])], _ cuts: [String] = []) throws -> (
    words: [String], cut: [String: String]
  ) {
    let proposed = try PlanRequest(unitCount: 2, cuts: cuts.map(CutOption.init(parsing:))).propose(
      for: specs(list))
    #expect(proposed.resolved.halfCuts.isEmpty, "\(proposed.resolved.halfCuts)")
    let cut = proposed.resolved.partition.tensors.filter { !$0.isWhole }
    return (
      proposed.words,
      Dictionary(cut.map { ($0.spec.name.text, Self.text($0)) }, uniquingKeysWith: { first, _ in first })
    )
  }

  @Test("a block of ResNet is cut inside: outputs are the last dimension, inputs the one before")
  func resnet() throws {
    let name = "conv2_block1"
    // The shortcut 0_conv reads as many channels of the stem as 2_conv makes.
    let list =
      [("conv1_conv/kernel", [7, 7, 3, 12]), ("conv1_conv/bias", [12])] + Self.norm("conv1_bn", 12)
      + [("\(name)_1_conv/kernel", [1, 1, 12, 8]), ("\(name)_1_conv/bias", [8])]
      + Self.norm("\(name)_1_bn", 8)
      + [("\(name)_2_conv/kernel", [3, 3, 8, 12]), ("\(name)_2_conv/bias", [12])]
      + Self.norm("\(name)_2_bn", 12)
      + [("\(name)_0_conv/kernel", [1, 1, 12, 32]), ("\(name)_3_conv/kernel", [1, 1, 12, 32])]
      + Self.norm("\(name)_0_bn", 32) + Self.norm("\(name)_3_bn", 32)
      + [("predictions/kernel", [32, 5]), ("predictions/bias", [5])]
    let (words, cut) = try plan(list)
    #expect(words.contains { $0.contains("(preset keras-resnet)") })
    #expect(cut["\(name)_1_conv/kernel"] == "-,-,-,\(name)_1")
    #expect(cut["\(name)_2_conv/kernel"] == "-,-,\(name)_1,\(name)_2")
    #expect(cut["\(name)_3_conv/kernel"] == "-,-,\(name)_2,-")
    #expect(cut["\(name)_2_bn/moving_mean"] == "\(name)_2")
    #expect(cut.count == 13)
  }

  @Test("a block of MobileNetV2 is cut between its pointwise convolutions; the first block has none")
  func mobilenet() throws {
    let list =
      [("Conv1/kernel", [3, 3, 3, 12])] + Self.norm("bn_Conv1", 12)
      + [("expanded_conv_depthwise/kernel", [3, 3, 12, 1])] + Self.norm("expanded_conv_depthwise_BN", 12)
      + [("expanded_conv_project/kernel", [1, 1, 12, 8])] + Self.norm("expanded_conv_project_BN", 8)
      + [("block_1_expand/kernel", [1, 1, 8, 48])] + Self.norm("block_1_expand_BN", 48)
      + [("block_1_depthwise/kernel", [3, 3, 48, 1])] + Self.norm("block_1_depthwise_BN", 48)
      + [("block_1_project/kernel", [1, 1, 48, 8])] + Self.norm("block_1_project_BN", 8)
    let (words, cut) = try plan(list)
    #expect(words.contains { $0.contains("(preset keras-mobilenet-v2)") })
    #expect(cut["block_1_expand/kernel"] == "-,-,-,block_1")
    #expect(cut["block_1_depthwise/kernel"] == "-,-,block_1,-")
    #expect(cut["block_1_project/kernel"] == "-,-,block_1,-")
    #expect(cut.count == 11)
  }

  @Test("names that are not known are left whole, and this is said; cuts by hand are sound")
  func mobilenetV1() throws {
    let list =
      [("conv1/kernel", [3, 3, 3, 8])] + Self.norm("conv1_bn", 8) + [("conv_dw_1/kernel", [3, 3, 8, 1])]
      + Self.norm("conv_dw_1_bn", 8) + [("conv_pw_1/kernel", [1, 1, 8, 16])] + Self.norm("conv_pw_1_bn", 16)
      + [("conv_preds/kernel", [1, 1, 16, 5]), ("conv_preds/bias", [5])]
    let (words, none) = try plan(list)
    #expect(words.contains { $0.hasPrefix("no known architecture was recognised") } && none.isEmpty)
    let cut = try plan(
      list,
      [
        "conv1/kernel=-,-,-,c0", "conv1_bn/*=c0", "conv_dw_1/kernel=-,-,c0,-", "conv_dw_1_bn/*=c0",
        "conv_pw_1/kernel=-,-,c0,c1", "conv_pw_1_bn/*=c1", "conv_preds/kernel=-,-,c1,-",
      ]
    ).cut
    #expect(cut.count == 16)
  }

  @Test("the outputs of a kernel make channels, its inputs read them")
  func sides() throws {
    let list = [
      ("a/kernel", [3, 3, 2, 6]), ("dw/kernel", [3, 3, 6, 1]), ("b/kernel", [1, 1, 6, 4]),
      ("c.weight", [4, 6]),
    ]
    let cuts = ["a/kernel=-,-,-,x", "dw/kernel=-,-,x,-", "b/kernel=-,-,x,y", "c.weight=y,x"]
    let request = try PlanRequest(unitCount: 2, cuts: cuts.map(CutOption.init(parsing:)))
    let proposed = try request.propose(for: specs(list))
    let side = PresetRules().side(proposed.plan)
    var makes: [String] = []
    for tensor in proposed.resolved.partition.tensors {
      for dimension in tensor.spec.shape.indices {
        if case .makes? = side(tensor, dimension) { makes.append("\(tensor.spec.name) \(dimension)") }
      }
    }
    #expect(makes == ["a/kernel 3", "dw/kernel 2", "b/kernel 3", "c.weight 0"])
  }
}
