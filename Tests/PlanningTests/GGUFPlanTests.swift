import Tensors
import Testing
import UnitModel

@testable import Planning

/// Models with the names of llama.cpp, whose last dimensions are blocks.
@Suite("Plans for GGUF")
struct GGUFPlanTests {
  /// A layer with 8 query heads and 4 key heads of `width` channels, and 512 feed-forward channels.
  private static func layer(_ number: Int, width: Int, _ dtype: DType) throws -> [TensorSpec] {
    let (queries, keys, channels) = (8 * width, 4 * width, 256)
    return try [
      ("attn_q", [queries, channels]), ("attn_k", [keys, channels]), ("attn_v", [keys, channels]),
      ("attn_output", [channels, queries]), ("ffn_gate", [512, channels]), ("ffn_up", [512, channels]),
      ("ffn_down", [channels, 512]),
    ].map { try TensorSpec(name: TensorName("blk.\(number).\($0).weight"), dtype: dtype, shape: $1) }
  }

  private static let sizes = ModelSizes(
    modelType: nil, values: ["feed_forward_length": 512],
    objects: ["attention": ["head_count": 8, "head_count_kv": 4]])

  private func plan(_ specs: [TensorSpec], _ change: (inout PlanRequest) throws -> Void = { _ in }) throws
    -> ProposedPlan
  {
    var request = PlanRequest(unitCount: 2)
    request.sizes = Self.sizes
    try change(&request)
    return try request.propose(for: specs)
  }

  @Test(
    "layers are cut between blocks, and heads are kept whole",
    arguments: [
      (DType.f16, 32, 1, 1), (.q80, 32, 32, 1), (.q4K, 32, 256, 4), (.q6K, 64, 256, 2), (.q4K, 128, 256, 1),
    ])
  func layers(_ dtype: DType, width: Int, channels: Int, heads: Int) throws {
    let specs = try (0..<2).flatMap { try Self.layer($0, width: width, dtype) }
    let proposed = try plan(specs)
    #expect(proposed.words.first?.hasSuffix("(preset gguf)") == true)
    #expect(proposed.resolved.partition.tensors.allSatisfy { !$0.isWhole } == (heads * 2 <= 4))
    let granules = proposed.resolved.partition.axes.map { "\($0.name.text) \($0.granule)" }
    #expect(
      granules.sorted() == ["ffn0 \(channels)", "ffn1 \(channels)", "heads0 \(heads)", "heads1 \(heads)"])
    #expect(proposed.resolved.halfCuts.isEmpty)
  }

  @Test("a group can be named, a granule that the user gives stays, and cuts by hand get one, too")
  func options() throws {
    let specs = try Self.layer(0, width: 32, .q80)
    let ffn = try plan(specs) { $0.groups = ["ffn"] }
    #expect(ffn.resolved.partition.axes.map(\.name.text) == ["ffn0"])
    let given = try plan(specs) { $0.axes = [try AxisOption(parsing: "ffn{}:granule=64")] }
    #expect(given.resolved.partition.axes.first { $0.name.text == "ffn0" }?.granule == 64)
    let cuts = ["ffn_gate.weight=a{},-", "ffn_up.weight=a{},-", "ffn_down.weight=-,a{}"]
    let byHand = try plan(specs) { $0.cuts = try cuts.map { try CutOption(parsing: "blk.{}." + $0) } }
    #expect(byHand.resolved.partition.axes.map(\.granule) == [32])
  }

  @Test("units that end inside a block are refused, and the message names the granule")
  func divided() throws {
    let specs = try Self.layer(0, width: 32, .q80)
    let error = #expect(throws: PlanningError.self) {
      try plan(specs) { $0.axes = [try AxisOption(parsing: "ffn{}:units=200+312")] }
    }
    #expect(
      error.map { "\($0)".contains("--axis 'NAME:granule=32'") } == true, "\(error.map { "\($0)" } ?? "")")
  }

  @Test("another preset names the one that fits")
  func others() throws {
    let specs = try Self.layer(0, width: 32, .q80)
    let error = #expect(throws: PlanningError.self) { try plan(specs) { $0.preset = Preset(named: "llama") } }
    #expect(error.map { "\($0)".hasSuffix("found none; the names are those of --preset gguf") } == true)
  }

  @Test("without a number of heads, attention stays whole")
  func headless() throws {
    let specs = try Self.layer(0, width: 32, .q80)
    let proposed = try plan(specs) { $0.sizes = nil }
    #expect(proposed.resolved.partition.axes.map(\.name.text) == ["ffn0"])
    #expect(proposed.words.contains { $0.contains("give --heads") })
  }
}
