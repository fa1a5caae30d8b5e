import Foundation
import TestSupport
import Testing

@Suite("Malformed plans, at the command")
struct MalformedPlanTests {
  /// The tensors of the malformed plans, as in `PlanErrorTests`.
  private static let rows: [SampleWeights.Row] = [
    ("layer0.up.weight", "F32", [12, 8]), ("layer1.up.weight", "F32", [12, 8]),
    ("layer0.down.weight", "F32", [8, 12]), ("layer1.down.weight", "F32", [8, 12]),
    ("layer0.up.bias", "F32", [12]), ("head.fine.1.weight", "F32", [5, 6]),
    ("head.fine.2.weight", "F32", [5, 11]), ("embed.weight", "F32", [10, 8]),
    ("lm_head.weight", "F32", [10, 8]), ("four.weight", "F4", [2, 6]), ("long.weight", "U8", [8_388_610]),
  ]

  @Test("each is refused with exit code 2 and the sentence of its error, after the plan's own name")
  func refused() throws {
    let folder = try TemporaryFolder()
    let source = try folder.write(SampleWeights.bytes(Self.rows), as: "w.safetensors")
    let plans = SourceFolder.fixtures + "/plans/bad"
    let expectations = try String(contentsOfFile: plans + "/EXPECTED", encoding: .utf8)
    var ran = 0
    for line in expectations.split(separator: "\n") {
      let parts = line.split(separator: ": ", maxSplits: 1)
      // safetensors has no ties, so no tied tensors can be cut differently.
      if parts[0].hasPrefix("tiedApart") { continue }
      let plan = plans + "/" + parts[0]
      let run = try tessera(["convert", source, folder.file("out.h5"), "--plan", plan])
      #expect(run.sentence() == plan + ": " + parts[1])
      #expect(try folder.names() == ["w.safetensors"])
      ran += 1
    }
    #expect(ran >= 70)
  }
}
