import StrictJSON
import TestSupport
import Testing

/// Sets of shards written by the safetensors package are converted to a unit checkpoint and back to the same files; the
/// package reads sets that are divided again, by their index.
@Suite(.enabled(if: Peers.areThere(python: true)))
struct ShardsInteropTests {
  @Test func theSameFilesComeBackAndTheSpecificationDescribesWhatLiesBetween() throws {
    let workshop = try Workshop()
    try workshop.script("shards.py", ["make", "."])
    try workshop.tessera("validate", "--deep", "hf", "hf/model.safetensors.index.json")
    try workshop.tessera("convert", "hf", "model.h5", "--plan", "plan.json")
    try workshop.tessera("validate", "--deep", "model.h5")
    let report = try workshop.report("shards.py", ["read", "hf", "model.h5"])
    #expect(report["failures"] == .array([]))
    #expect(report["tensors"] == 18)

    try workshop.tessera("convert", "model.h5", "back/")
    try workshop.run("diff", ["-r", "hf", "back"])
    try workshop.tessera("convert", "hf/model.safetensors.index.json", "copy/")
    try workshop.run("diff", ["-r", "hf", "copy"])
    try workshop.tessera("convert", "hf", "again.h5", "--plan", "plan.json")
    #expect(try workshop.areEqual("model.h5", "again.h5"), "two conversions differ")
  }

  @Test(arguments: [1, 504, 720, 1440, 3647, 3648, 5_000_000_000])
  func safetensorsReadsAndFollowsWhatWasDividedAnew(size: Int) throws {
    let workshop = try Workshop()
    try workshop.script("shards.py", ["make", "."])
    try workshop.tessera("convert", "hf", "model.h5", "--plan", "plan.json")
    try workshop.tessera("convert", "model.h5", "one.safetensors")
    for source in ["hf", "model.h5", "one.safetensors"] {
      try workshop.tessera("convert", source, "new/", "--shard-size", "\(size)bytes")
      let report = try workshop.report("shards.py", ["judge", "hf", "new", "\(size)"])
      #expect(report["failures"] == .array([]))
      #expect(report["tensors"] == 18)
      try workshop.tessera("validate", "--deep", "new")
      try workshop.tessera("diff", "new", "hf")
      try workshop.run("rm", ["-r", "new"])
    }
  }
}
