import Accounting
import Tensors
import Testing
import UnitModel

/// One model with a tensor of every role and part, whose sizes have distinct sums, under every preset.
@Suite("Presets")
struct PresetGoldenTests {
  /// Elements are powers of two, so that a number shows which tensors are counted.
  static let tensors: [(name: String, dtype: DType, shape: [Int])] = [
    ("stem.weight", .f32, [1, 1]), ("layer.0.weight", .f32, [2, 1]), ("layer.0.bias", .f32, [4]),
    ("layer.0.bn.weight", .f32, [8]), ("layer.0.bn.bias", .f32, [16]),
    ("layer.0.bn.running_mean", .f32, [32]), ("layer.0.downsample.weight", .f32, [64, 1]),
    ("head.weight", .f32, [128, 1]), ("head.bias", .f32, [256]), ("steps.num_batches_tracked", .i64, [512]),
    ("selector.weight", .f32, [1024, 1]), ("layer.0.mask", .u8, [2048]), ("assignment", .i64, [4096]),
    ("layer.0.weight_scale", .f32, [8192]), ("layer.0.7to5_matrix", .f32, [128, 128]),
    ("optimizer.exp_avg", .f32, [32768]), ("something", .f32, [65536]), ("tied.weight", .f32, [131072, 1]),
    ("wte.weight", .f32, [262144, 1]), ("rope.inv_freq", .f32, [524288]),
  ]
  private static let bit: [String: Int] = Dictionary(
    uniqueKeysWithValues: tensors.map { ($0.name, $0.shape.reduce(1, *)) })

  /// The tensors that each preset leaves out; `tied.weight` is tied to `wte.weight` below, with equal shapes.
  static let leftOut: [PolicyPreset: [String]] = {
    let buffers = [
      "layer.0.bn.running_mean", "steps.num_batches_tracked", "layer.0.mask", "assignment",
      "layer.0.weight_scale", "optimizer.exp_avg", "rope.inv_freq",
    ]
    let vectors = ["layer.0.bn.weight", "layer.0.bn.bias"]
    let odd = buffers + vectors + ["something", "layer.0.7to5_matrix"]
    return [
      .allStored: [], .weightsOnly: odd + ["layer.0.bias", "head.bias"], .pytorchParameters: buffers,
      .pytorchStateDict: ["optimizer.exp_avg"],
      .kerasTotal: ["steps.num_batches_tracked", "optimizer.exp_avg"], .trainable: buffers,
      .dvnConvolutions: odd + [
        "layer.0.bias", "head.bias", "stem.weight", "head.weight", "selector.weight", "wte.weight",
      ], .dvnAll: buffers, .slimmableProfiler: odd + ["selector.weight", "wte.weight"],
      .ofa: buffers + ["layer.0.7to5_matrix"], .adashareStateDict: ["optimizer.exp_avg"],
      .denEstimatorOnly: buffers + ["selector.weight"], .denWithSelector: buffers,
      .piggybackIdealBits: ["optimizer.exp_avg"], .piggybackAsStored: ["optimizer.exp_avg"],
      .packnetWithMasks: ["optimizer.exp_avg"], .activeHF: buffers,
      .activeNoEmbeddings: buffers + ["wte.weight"],
    ]
  }()

  private func inventory() throws -> Inventory {
    Inventory(
      flat: try Self.tensors.map {
        try TensorSpec(name: TensorName($0.name), dtype: $0.dtype, shape: $0.shape)
      })
  }

  @Test("count what they say, and say what they leave out", arguments: PolicyPreset.allCases)
  func golden(preset: PolicyPreset) throws {
    let policy = try PolicyPreset.policy(named: preset.rawValue)
    let counts = try inventory().counts(under: policy)
    let left = try #require(Self.leftOut[preset])
    let sum = left.reduce(0) { $0 + (Self.bit[$1] ?? 0) }
    let all = (1 << Self.tensors.count) - 1
    #expect(counts.stored.parameters.value == all - sum, "\(counts.leftOut.map(\.text))")
    #expect(counts.stored.excluded.value == sum)
    #expect(Set(counts.leftOut.map(\.text)) == Set(left))
    #expect(policy.source != nil || preset == .allStored || preset == .weightsOnly)
  }

  @Test("of masks take a bit an element, or the byte that is stored")
  func idealBits() throws {
    let specs = [
      try TensorSpec(name: "conv.weight", dtype: .f32, shape: [100, 3]),
      try TensorSpec(name: "a.mask", dtype: .u8, shape: [100, 3]),
      try TensorSpec(name: "b.mask", dtype: .u8, shape: [7]),
    ]
    func bytes(_ preset: PolicyPreset) throws -> Int {
      try Inventory(flat: specs).counts(under: PolicyPreset.policy(named: preset.rawValue)).stored.bytes.value
    }
    #expect(try bytes(.piggybackAsStored) == 1200 + 307)
    // 307 bits are 38.375 bytes.
    #expect(try bytes(.piggybackIdealBits) == 1200 + 39)
  }

  @Test(
    "of tied tensors count once, or once for each name",
    arguments: [
      (PolicyPreset.pytorchParameters, 30), (.pytorchStateDict, 60), (.kerasTotal, 30),
      (.adashareStateDict, 60),
    ])
  func ties(preset: PolicyPreset, expected: Int) throws {
    let specs = try ["wte.weight", "lm_head.weight"].map {
      try TensorSpec(name: TensorName($0), dtype: .f32, shape: [10, 3])
    }
    let counts = try Inventory(flat: specs, ties: ["lm_head.weight": "wte.weight"])
      .counts(under: PolicyPreset.policy(named: preset.rawValue))
    #expect(counts.stored.parameters.value == expected)
  }
}
